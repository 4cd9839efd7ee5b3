/** A table of jobs whose states were changed thirty times with autovacuum off for it, against the same table vacuumed. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
  server.get<{ Params: { id: string } }>('/queues/:id', async request => {
    const sql = 'SELECT state, count(*)::int AS jobs FROM jobs WHERE queue < $1 GROUP BY state ORDER BY state'
    return (await pool.query(sql, [request.params.id])).rows
  })
}

const changes = Array.from({ length: 30 }, (_, at) => `UPDATE jobs SET state = state ${at % 2 === 0 ? '+' : '-'} 1`)

export const experiment = defineExperiment({
  practice: 'vacuum-health',
  database: `
    CREATE TABLE jobs (id int PRIMARY KEY, queue int NOT NULL, state int NOT NULL, payload text NOT NULL)
      WITH (autovacuum_enabled = false);
    INSERT INTO jobs SELECT n, n % 20, n % 4, repeat('x', 200) FROM generate_series(1, 20000) n`,
  requests: [{ route: 'GET /queues/:id', paths: spread(10, id => `/queues/${10 + id}`) }],
  load: { ratePerSecond: 20, durationMs: 8_000 },
  before: { app, maintenance: [...changes, 'ANALYZE'] },
  // Rewritten, because a scan reads free pages too; a table that was vacuumed all along would not have grown.
  after: {
    app,
    maintenance: [...changes, 'ALTER TABLE jobs RESET (autovacuum_enabled)', 'VACUUM (FULL, ANALYZE) jobs'],
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 1.5 },
})
