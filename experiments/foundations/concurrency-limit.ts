/** A target above what two connections sustain, against a pool that sustains it. */
import type { ExperimentArm } from '../define.ts'
import { defineDrill, spread } from '../define.ts'

const withPool =
  (max: number): ExperimentArm['app'] =>
  (server, { pg, connectionString }) => {
    const pool = new pg.Pool({ connectionString, max })
    server.get<{ Params: { id: string } }>('/orders/:id', async request => {
      // The sleep stands for a statement that waits for a disk: it holds the connection and uses no CPU.
      const { rows } = await pool.query<{ id: number }>('SELECT id FROM orders, pg_sleep(0.03) WHERE id = $1', [
        request.params.id,
      ])
      return rows.map(({ id }) => id)
    })
  }

export const experiment = defineDrill({
  practice: 'concurrency-limit',
  drill: 'capacity',
  database: 'CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 2000)',
  requests: [{ route: 'GET /orders/:id', paths: spread(2_000, id => `/orders/${id}`) }],
  load: { ratePerSecond: 100, durationMs: 8_000 },
  settings: { targetPerSecond: 100 },
  before: { app: withPool(2) },
  after: { app: withPool(12) },
  expects: { atLeast: 2 },
})
