/** Letters read by key, from all over a table, by a server that has memory for a ninth of it, against one that has it for all. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const letters = 200_000
const read = 60

/** Files of a sandbox lie in the cache of the system, where nobody waits for a disk: so this server goes past it, as one does whose data is larger than the machine. */
const pastTheCache = { debug_io_direct: 'data' }

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  const pool = new pg.Pool({ connectionString, max: 4, connectionTimeoutMillis: 5_000 })
  server.get<{ Params: { id: string } }>('/bundles/:id', async request => {
    const first = Number(request.params.id)
    const ids = Array.from({ length: read }, (_, at) => 1 + ((first + at * 7_919) % letters))
    const sql = `SELECT count(*)::int AS letters, sum(length(body))::int AS length
      FROM unnest($1::int[]) AS wanted (id) JOIN letters USING (id)`
    return (await pool.query(sql, [ids])).rows
  })
}

export const experiment = defineExperiment({
  practice: 'db-cache-hit',
  database: `
    CREATE TABLE letters (id int PRIMARY KEY, body text NOT NULL);
    INSERT INTO letters SELECT n, repeat('x', 300) FROM generate_series(1, ${letters}) n`,
  requests: [{ route: 'GET /bundles/:id', paths: spread(letters, id => `/bundles/${id}`, 400) }],
  load: { ratePerSecond: 30, durationMs: 8_000 },
  // The servers have only just been started; what the larger memory holds after ten minutes is read into it beforehand.
  settings: { uptimeMs: 0 },
  before: { app, server: { ...pastTheCache, shared_buffers: '8MB' } },
  after: {
    app,
    server: { ...pastTheCache, shared_buffers: '512MB' },
    maintenance: ['VACUUM ANALYZE', 'SET enable_seqscan = off', 'SELECT max(body) FROM letters WHERE id > 0'],
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 1.5 },
})
