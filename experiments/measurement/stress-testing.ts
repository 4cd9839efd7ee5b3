/** Twice as many requests as four connections bear: all are let in and answered after their users have left, against a bound that refuses the rest. */
import type { FastifyInstance } from 'fastify'
import type { ArmContext } from '../define.ts'
import { defineDrill, spread } from '../define.ts'

function orders(server: FastifyInstance, { pg, connectionString }: ArmContext): void {
  const pool = new pg.Pool({ connectionString, max: 4 })
  server.get<{ Params: { id: string } }>('/orders/:id', async ({ params }) => {
    // The sleep stands for a statement that waits for a disk: it holds the connection and uses no CPU.
    const { rows } = await pool.query<{ id: number }>('SELECT id FROM orders, pg_sleep(0.04) WHERE id = $1', [
      params.id,
    ])
    return rows.map(({ id }) => id)
  })
}

/** Four at work and as many waiting for each of them as are answered in time. */
const mostUnderWay = 16

export const experiment = defineDrill({
  practice: 'stress-testing',
  drill: 'overload',
  database: 'CREATE TABLE orders (id int PRIMARY KEY); INSERT INTO orders SELECT generate_series(1, 2000)',
  requests: [{ route: 'GET /orders/:id', paths: spread(2_000, id => `/orders/${id}`) }],
  load: { ratePerSecond: 40, durationMs: 8_000 },
  before: { app: orders },
  after: {
    app(server, context) {
      let underWay = 0
      server.addHook('onRequest', async (_request, reply) => {
        if (++underWay > mostUnderWay) return reply.code(503).header('retry-after', '1').send()
      })
      server.addHook('onResponse', async () => void underWay--)
      orders(server, context)
    },
  },
  expects: { atLeast: 1.5 },
})
