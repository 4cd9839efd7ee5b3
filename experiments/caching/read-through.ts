/** The page, the cart and the search each look for a product, load it and set it by hand, and miss it together; against one loader that all three ask. */
import { Redis } from 'ioredis'
import { Cache } from '@whetstone/runtime/cache'
import type { ArmContext, ExperimentArm } from '../define.ts'
import { defineDrill } from '../define.ts'

interface Product {
  readonly id: number
  readonly name: string
}

const products = 120
const sql = 'SELECT id, name, pg_sleep(0.01)::text AS pause FROM products WHERE id = $1'

/** Three copies of the same code, as they grow in three files. */
const byHand: ExperimentArm['app'] = (server, { pg, connectionString, redisUrl = '' }: ArmContext) => {
  const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
  const redis = new Redis(redisUrl, { maxRetriesPerRequest: 1, commandTimeout: 500 })
  server.addHook('onClose', () => redis.disconnect())
  server.get<{ Params: { id: string } }>('/products/:id', async ({ params: { id } }) => {
    const known = await redis.get(`product:${id}`)
    if (known !== null) return JSON.parse(known) as Product
    const { rows } = await pool.query<Product>(sql, [id])
    await redis.set(`product:${id}`, JSON.stringify(rows[0]), 'EX', 600)
    return rows[0]
  })
  server.get<{ Params: { id: string } }>('/cart/:id', async ({ params: { id } }) => {
    const cached = await redis.get(`product:${id}`)
    if (cached) return JSON.parse(cached) as Product
    const product = (await pool.query<Product>(sql, [id])).rows[0]
    await redis.set(`product:${id}`, JSON.stringify(product), 'EX', 3_600)
    return product
  })
  server.get<{ Params: { id: string } }>('/search/:id', async ({ params: { id } }) => {
    let text = await redis.get(`product:${id}`)
    if (text === null) {
      text = JSON.stringify((await pool.query<Product>(sql, [id])).rows[0])
      await redis.set(`product:${id}`, text, 'EX', 600)
    }
    return JSON.parse(text) as Product
  })
}

const byLoader: ExperimentArm['app'] = (server, { pg, connectionString }: ArmContext) => {
  const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
  const cache = new Cache({ name: 'products', maxEntries: 1_000, defaults: { ttlMs: 600_000 } })
  const productOf = (id: string) =>
    cache.getOrLoad(`product:${id}`, async () => (await pool.query<Product>(sql, [id])).rows[0])
  for (const place of ['products', 'cart', 'search'])
    server.get<{ Params: { id: string } }>(`/${place}/:id`, request => productOf(request.params.id))
}

/** All three ask for the same product one after the other, so that six users meet at it. */
const paths = Array.from({ length: products }, (_, at) => at + 1)

export const experiment = defineDrill({
  practice: 'read-through',
  redis: true,
  database: `
    CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO products SELECT n, 'product ' || n FROM generate_series(1, ${products}) n`,
  requests: paths.flatMap(id => [
    { route: 'GET /products/:id', paths: [`/products/${id}`] },
    { route: 'GET /cart/:id', paths: [`/cart/${id}`] },
    { route: 'GET /search/:id', paths: [`/search/${id}`] },
  ]),
  load: { ratePerSecond: 60, durationMs: 8_000 },
  before: { app: byHand },
  after: { app: byLoader },
  drill: 'statements',
  expects: { atLeast: 2 },
})
