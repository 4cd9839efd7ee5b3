/** Prices kept in Redis for six seconds: a change that the cache is not told of, against one that deletes the key after its commit. */
import { Redis } from 'ioredis'
import type { ArmContext, ExperimentArm } from '../define.ts'
import { defineDrill } from '../define.ts'

interface Price {
  readonly id: number
  readonly cents: number
}

const products = 20
/** So short that a drill can wait for its end ten times, and longer than what was chosen to be the bound itself. */
const ttlSeconds = 6

const shop =
  (forgets: boolean): ExperimentArm['app'] =>
  (server, { pg, connectionString, redisUrl = '' }: ArmContext) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    const redis = new Redis(redisUrl, { maxRetriesPerRequest: 1, commandTimeout: 500 })
    server.addHook('onClose', () => redis.disconnect())
    server.get<{ Params: { id: string } }>('/products/:id', async ({ params: { id } }) => {
      const known = await redis.get(`product:${id}`)
      if (known !== null) return JSON.parse(known) as Price
      const { rows } = await pool.query<Price>('SELECT id, cents FROM products WHERE id = $1', [id])
      await redis.set(`product:${id}`, JSON.stringify(rows[0] ?? null), 'EX', ttlSeconds)
      return rows[0]
    })
    server.put<{ Params: { id: string }; Querystring: { value: string } }>('/products/:id', async request => {
      const { id } = request.params
      await pool.query('UPDATE products SET cents = $2 WHERE id = $1', [id, request.query.value])
      if (forgets) await redis.del(`product:${id}`)
      return { id }
    })
  }

const paths = (of: (id: number) => string) => Array.from({ length: products }, (_, at) => of(1 + at))

export const experiment = defineDrill({
  practice: 'cache-invalidation',
  redis: true,
  database: `
    CREATE TABLE products (id int PRIMARY KEY, cents int NOT NULL);
    INSERT INTO products SELECT n, n * 100 FROM generate_series(1, ${products}) n`,
  requests: [
    { route: 'GET /products/:id', paths: paths(id => `/products/${id}`), weight: 9 },
    { route: 'PUT /products/:id', paths: paths(id => `/products/${id}?value=${id}`), method: 'PUT', weight: 1 },
  ],
  load: { ratePerSecond: 80, durationMs: 8_000 },
  before: { app: shop(false) },
  after: { app: shop(true) },
  drill: 'stale',
  expects: { atLeast: 20 },
})
