/** A report that adds up the whole table on every request, against the same sums kept in a materialized view. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const report =
  (sql: string): ExperimentArm['app'] =>
  (server, { pg, connectionString }) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    server.get('/report', async () => (await pool.query(sql)).rows)
  }

export const experiment = defineExperiment({
  practice: 'slow-queries',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, day int NOT NULL, total int NOT NULL, note text NOT NULL);
    INSERT INTO orders SELECT n, n % 30, n % 900, repeat('x', 60) FROM generate_series(1, 250000) n`,
  requests: [{ route: 'GET /report', paths: spread(1_000, id => `/report?by=${id}`) }],
  load: { ratePerSecond: 6, durationMs: 10_000 },
  before: { app: report('SELECT day, sum(total) AS total FROM orders GROUP BY day ORDER BY day') },
  after: {
    app: report('SELECT day, total FROM sales_by_day ORDER BY day'),
    schema: 'CREATE MATERIALIZED VIEW sales_by_day AS SELECT day, sum(total) AS total FROM orders GROUP BY day',
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 5 },
})
