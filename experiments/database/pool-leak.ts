/** A connection that is not given back when there is nothing to answer, against the same in `finally`. */
import { defineDrill, spread } from '../define.ts'
import type { ArmContext } from '../define.ts'

const poolOf = ({ pg, connectionString }: ArmContext) =>
  new pg.Pool({ connectionString, max: 20, connectionTimeoutMillis: 250 })

const sql = 'SELECT id, status FROM orders WHERE id = $1'

export const experiment = defineDrill({
  practice: 'pool-leak',
  drill: 'failed',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL);
    INSERT INTO orders SELECT n, 'paid' FROM generate_series(1, 900) n`,
  // One order in ten is not there: as long as the pool lasts, nobody notices.
  requests: [{ route: 'GET /orders/:id', paths: spread(1_000, id => `/orders/${id}`) }],
  load: { ratePerSecond: 12, durationMs: 8_000 },
  before: {
    app(server, context) {
      const pool = poolOf(context)
      server.get<{ Params: { id: string } }>('/orders/:id', async ({ params: { id } }, reply) => {
        const client = await pool.connect()
        const { rows } = await client.query(sql, [id])
        if (rows.length === 0) return reply.code(404).send({ error: 'no such order' })
        client.release()
        return rows[0]
      })
    },
  },
  after: {
    app(server, context) {
      const pool = poolOf(context)
      server.get<{ Params: { id: string } }>('/orders/:id', async ({ params: { id } }, reply) => {
        const client = await pool.connect()
        try {
          const { rows } = await client.query(sql, [id])
          return rows.length === 0 ? reply.code(404).send({ error: 'no such order' }) : rows[0]
        } finally {
          client.release()
        }
      })
    },
  },
  expects: { atLeast: 20 },
})
