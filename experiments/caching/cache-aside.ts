/** Products of a shop by their rank, each with its price added up from its parts: read past the Redis that counts the visits, against looked for there first. */
import { Redis } from 'ioredis'
import type { ArmContext, ExperimentArm } from '../define.ts'
import { defineDrill } from '../define.ts'

interface Product {
  readonly name: string
  readonly cents: number
}
type Load = (id: string) => Promise<Product | undefined>

const products = 50
/** Every product once and then by its rank (Zipf, exponent 1): the first is asked for in every fifth request. */
const byRank = Array.from({ length: products }, (_, at) => at + 1).flatMap(rank =>
  Array.from({ length: Math.ceil(products / rank) }, () => `/products/${1 + ((rank * 7) % products)}`),
)
/** The same in an order that leaves nobody asked for in a row. */
const popular = byRank.map((_, at) => byRank[(at * 97) % byRank.length]!)

const shop =
  (look: (load: Load, redis: Redis) => Load): ExperimentArm['app'] =>
  (server, { pg, connectionString, redisUrl = '' }: ArmContext) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    const redis = new Redis(redisUrl, { maxRetriesPerRequest: 1, commandTimeout: 500 })
    server.addHook('onClose', () => redis.disconnect())
    const sql = `SELECT name, (SELECT sum(cents) FROM parts WHERE product_id = products.id)::int AS cents FROM products WHERE id = $1`
    const find = look(async id => (await pool.query<Product>(sql, [id])).rows[0], redis)
    server.get<{ Params: { id: string } }>('/products/:id', async request => {
      await redis.incr('visits')
      return find(request.params.id)
    })
  }

const aside = (load: Load, redis: Redis): Load => {
  return async id => {
    const key = `product:${id}`
    const known = await redis.get(key).catch(() => null)
    if (known !== null) return JSON.parse(known) as Product
    const product = await load(id)
    await redis.set(key, JSON.stringify(product ?? null), 'EX', product ? 60 : 10).catch(() => null)
    return product
  }
}

export const experiment = defineDrill({
  practice: 'cache-aside',
  redis: true,
  database: `
    CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO products SELECT n, 'product ' || n FROM generate_series(1, ${products}) n;
    CREATE TABLE parts (id int PRIMARY KEY, product_id int NOT NULL, cents int NOT NULL);
    INSERT INTO parts SELECT n, 1 + n / 20000, n % 10 FROM generate_series(0, ${products} * 20000 - 1) n;
    CREATE INDEX parts_product_id_idx ON parts (product_id) INCLUDE (cents)`,
  requests: [{ route: 'GET /products/:id', paths: popular }],
  load: { ratePerSecond: 60, durationMs: 10_000 },
  before: { app: shop(load => load), maintenance: ['VACUUM ANALYZE'] },
  after: { app: shop(aside), maintenance: ['VACUUM ANALYZE'] },
  drill: 'statements',
  expects: { atLeast: 5 },
})
