/** Requests that fail because one connection cannot serve them all in time, against a pool that the load fits into. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const withPool =
  (max: number): ExperimentArm['app'] =>
  (server, { pg, connectionString }) => {
    const pool = new pg.Pool({ connectionString, max, connectionTimeoutMillis: 300 })
    server.get<{ Params: { id: string } }>('/orders/:id', async request => {
      // The sleep stands for a statement that waits for a disk: it holds the connection and uses no CPU.
      const { rows } = await pool.query<{ id: number }>('SELECT id FROM orders, pg_sleep(0.15) WHERE id = $1', [
        request.params.id,
      ])
      return rows.map(({ id }) => id)
    })
  }

export const experiment = defineExperiment({
  practice: 'error-rate',
  database: 'CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 2000)',
  requests: [{ route: 'GET /orders/:id', paths: spread(2_000, id => `/orders/${id}`) }],
  load: { ratePerSecond: 12, durationMs: 8_000 },
  before: { app: withPool(1) },
  after: { app: withPool(12) },
  answer: 'same',
  expects: { metric: 'errors', atLeast: 10 },
})
