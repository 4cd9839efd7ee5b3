/** A connection of its own for every report, of which every second is never ended, against connections of the pool. */
import { defineDrill, spread } from '../define.ts'
import type { ArmContext } from '../define.ts'

const sql = 'SELECT count(*)::int AS orders FROM orders WHERE shop = $1'

const poolOf = ({ pg, connectionString }: ArmContext) =>
  new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 1_000 })

export const experiment = defineDrill({
  practice: 'connection-usage',
  drill: 'failed',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, shop int NOT NULL);
    INSERT INTO orders SELECT n, 1 + n % 60 FROM generate_series(1, 600) n;
    DELETE FROM orders WHERE shop > 30`,
  requests: [{ route: 'GET /shops/:id/report', paths: spread(60, id => `/shops/${id}/report`) }],
  load: { ratePerSecond: 12, durationMs: 8_000 },
  before: {
    app(server, context) {
      server.get<{ Params: { id: string } }>('/shops/:id/report', async ({ params: { id } }, reply) => {
        const client = new context.pg.Client({ connectionString: context.connectionString })
        await client.connect()
        const { rows } = await client.query<{ orders: number }>(sql, [id])
        // The way out for a shop without orders forgets the connection.
        if (rows[0]!.orders === 0) return reply.code(404).send({ error: 'nothing to report' })
        await client.end()
        return rows[0]
      })
    },
  },
  after: {
    app(server, context) {
      const pool = poolOf(context)
      server.get<{ Params: { id: string } }>('/shops/:id/report', async ({ params: { id } }, reply) => {
        const { rows } = await pool.query<{ orders: number }>(sql, [id])
        return rows[0]!.orders === 0 ? reply.code(404).send({ error: 'nothing to report' }) : rows[0]
      })
    },
  },
  expects: { atLeast: 20 },
})
