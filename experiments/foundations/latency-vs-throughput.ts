/** Thirty requests a second where one connection answers twenty: the queue grows as long as the load lasts. Against a pool that the load fits into. */
import type { ExperimentArm } from '../define.ts'
import { defineExperiment, spread } from '../define.ts'

const withPool =
  (max: number): ExperimentArm['app'] =>
  (server, { pg, connectionString }) => {
    const pool = new pg.Pool({ connectionString, max })
    server.get<{ Params: { id: string } }>('/orders/:id', async request => {
      // The sleep stands for a statement that waits for a disk: it holds the connection and uses no CPU.
      const { rows } = await pool.query<{ id: number }>('SELECT id FROM orders, pg_sleep(0.05) WHERE id = $1', [
        request.params.id,
      ])
      return rows.map(({ id }) => id)
    })
  }

export const experiment = defineExperiment({
  practice: 'latency-vs-throughput',
  database: 'CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 2000)',
  requests: [{ route: 'GET /orders/:id', paths: spread(2_000, id => `/orders/${id}`) }],
  load: { ratePerSecond: 30, durationMs: 10_000 },
  before: { app: withPool(1) },
  after: { app: withPool(8) },
  answer: 'same',
  expects: { metric: 'p95', atLeast: 2 },
})
