/** More requests than one connection can serve, queued without an end, against a queue that gives up after 150 ms with a fast 503. */
import { contractChange, defineExperiment, spread } from '../define.ts'

// The sleep stands for a statement that waits for a lock: it holds the connection and uses no CPU.
const sql = 'SELECT id, pg_sleep(0.12)::text AS slept FROM orders WHERE id = $1'

export const experiment = defineExperiment({
  practice: 'pool-timeouts',
  database: 'CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 2000)',
  requests: [{ route: 'GET /orders/:id', paths: spread(2_000, id => `/orders/${id}`) }],
  load: { ratePerSecond: 14, durationMs: 8_000 },
  before: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 1 })
      server.get<{ Params: { id: string } }>('/orders/:id', async request => {
        return (await pool.query(sql, [request.params.id])).rows
      })
    },
  },
  after: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 1, connectionTimeoutMillis: 150 })
      server.get<{ Params: { id: string } }>('/orders/:id', async (request, reply) => {
        try {
          return (await pool.query(sql, [request.params.id])).rows
        } catch {
          return reply.code(503).header('retry-after', '1').send({ error: 'busy' })
        }
      })
    },
  },
  answer: contractChange('under too much load some requests get 503 with Retry-After instead of waiting without end'),
  expects: { metric: 'p95', atLeast: 1.5 },
})
