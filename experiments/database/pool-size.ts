/** One connection for all requests that each hold it for 40 ms, against a pool that the load fits into. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const withPool =
  (max: number): ExperimentArm['app'] =>
  (server, { pg, connectionString }) => {
    const pool = new pg.Pool({ connectionString, max, connectionTimeoutMillis: 5_000 })
    server.get<{ Params: { id: string } }>('/orders/:id', async request => {
      // The sleep stands for a statement that waits for a disk: it holds the connection and uses no CPU.
      const sql = 'SELECT id, status FROM orders, pg_sleep(0.04) WHERE id = $1'
      const { rows } = await pool.query<{ id: number; status: string }>(sql, [request.params.id])
      return rows.map(({ id, status }) => ({ id, status }))
    })
  }

export const experiment = defineExperiment({
  practice: 'pool-size',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL);
    INSERT INTO orders SELECT n, 'paid' FROM generate_series(1, 2000) n`,
  requests: [{ route: 'GET /orders/:id', paths: spread(2_000, id => `/orders/${id}`) }],
  load: { ratePerSecond: 18, durationMs: 10_000 },
  before: { app: withPool(1) },
  after: { app: withPool(10) },
  answer: 'same',
  expects: { metric: 'p95', atLeast: 2 },
})
