/** One row in which every request counts, held until its transaction has done the rest, against sixty-four rows of which each takes one. */
import { defineExperiment } from '../define.ts'
import type { ArmContext, ExperimentArm } from '../define.ts'

const poolOf = ({ pg, connectionString }: ArmContext) =>
  new pg.Pool({ connectionString, max: 20, connectionTimeoutMillis: 10_000 })

/** `$2` is drawn anew for every request. The sleep stands for the rest of the transaction's work and its flush to a disk; it uses no CPU. */
const countingWith =
  (count: string): ExperimentArm['app'] =>
  (server, context) => {
    const pool = poolOf(context)
    server.post<{ Params: { page: string } }>('/hits/:page', async ({ params: { page } }) => {
      const client = await pool.connect()
      try {
        await client.query('BEGIN')
        await client.query(count, count.includes('$2') ? [page, Math.floor(Math.random() * 64)] : [page])
        await client.query('INSERT INTO hits SELECT $1, now() FROM pg_sleep(0.035)', [page])
        await client.query('COMMIT')
        return { page, counted: true }
      } finally {
        client.release()
      }
    })
  }

export const experiment = defineExperiment({
  practice: 'lock-contention',
  database: `
    CREATE TABLE hits (page int NOT NULL, at timestamptz NOT NULL);
    CREATE TABLE counters (page int PRIMARY KEY, n bigint NOT NULL);
    INSERT INTO counters VALUES (1, 0);
    CREATE TABLE counter_parts (page int, part int, n bigint NOT NULL, PRIMARY KEY (page, part));
    INSERT INTO counter_parts SELECT 1, part, 0 FROM generate_series(0, 63) part`,
  requests: [{ route: 'POST /hits/:page', paths: ['/hits/1'], method: 'POST' }],
  load: { ratePerSecond: 20, durationMs: 8_000 },
  before: { app: countingWith('UPDATE counters SET n = n + 1 WHERE page = $1') },
  after: {
    app: countingWith('UPDATE counter_parts SET n = n + 1 WHERE page = $1 AND part = $2'),
  },
  answer: 'same',
  expects: { metric: 'p95', atLeast: 1.5 },
})
