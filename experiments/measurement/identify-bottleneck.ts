/** Most of the time of a request spent in the queue of one connection, while service, database and machine are idle. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const withPool =
  (max: number): ExperimentArm['app'] =>
  (server, { pg, connectionString }) => {
    const pool = new pg.Pool({ connectionString, max, connectionTimeoutMillis: 5_000 })
    server.get<{ Params: { id: string } }>('/orders/:id', async request => {
      // The sleep stands for a statement that waits for a disk: it holds the connection and uses no CPU.
      const { rows } = await pool.query<{ id: number }>('SELECT id FROM orders, pg_sleep(0.08) WHERE id = $1', [
        request.params.id,
      ])
      return rows.map(({ id }) => id)
    })
  }

export const experiment = defineExperiment({
  practice: 'identify-bottleneck',
  database: 'CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 2000)',
  requests: [{ route: 'GET /orders/:id', paths: spread(2_000, id => `/orders/${id}`) }],
  load: { ratePerSecond: 11, durationMs: 10_000 },
  before: { app: withPool(1) },
  after: { app: withPool(12) },
  answer: 'same',
  expects: { metric: 'p95', atLeast: 1.5 },
})
