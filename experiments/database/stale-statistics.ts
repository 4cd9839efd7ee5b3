/** A table that was analysed when it was small, then loaded: the planner expects one row and joins row by row. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
  server.get<{ Params: { day: string } }>('/days/:day', async request => {
    const sql = `SELECT c.region, count(*)::int AS visits FROM visits v JOIN customers c ON c.id = v.customer_id
      WHERE v.day = $1 GROUP BY c.region ORDER BY c.region`
    return (await pool.query(sql, [request.params.day])).rows
  })
}

const load =
  'INSERT INTO visits SELECT n, 30 + n % 10, 1 + (n * 7919::bigint) % 20000 FROM generate_series(1, 200000) n'

export const experiment = defineExperiment({
  practice: 'stale-statistics',
  // Autovacuum would come within the minute; the requests of that minute are what is measured.
  database: `
    CREATE TABLE customers (id int PRIMARY KEY, region int NOT NULL, note text NOT NULL);
    INSERT INTO customers SELECT n, n % 9, repeat('x', 150) FROM generate_series(1, 20000) n;
    CREATE TABLE visits (id int PRIMARY KEY, day int NOT NULL, customer_id int NOT NULL)
      WITH (autovacuum_enabled = false);
    INSERT INTO visits SELECT -n, n % 30, n FROM generate_series(1, 20000) n;
    CREATE INDEX visits_day_idx ON visits (day);
    ANALYZE`,
  requests: [{ route: 'GET /days/:day', paths: spread(10, id => `/days/${29 + id}`) }],
  load: { ratePerSecond: 8, durationMs: 8_000 },
  before: { app, schema: load, maintenance: [] },
  after: { app, schema: load, maintenance: ['ANALYZE visits'] },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 1.2 },
})
