/** Products kept in Redis by a client with its defaults, which waits for as long as the server stands still, against one that gives up after 50 ms and asks the database. */
import { Cache } from '@whetstone/runtime/cache'
import { Redis } from 'ioredis'
import type { ArmContext, ExperimentArm } from '../define.ts'
import { defineDrill, spread } from '../define.ts'

interface Product {
  readonly id: number
  readonly name: string
}
type Load = (id: string) => Promise<Product | undefined>

const shop =
  (front: (redisUrl: string, load: Load) => Load): ExperimentArm['app'] =>
  (server, { pg, connectionString, redisUrl = '' }: ArmContext) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    const sql = 'SELECT id, name FROM products WHERE id = $1'
    const find = front(redisUrl, async id => (await pool.query<Product>(sql, [id])).rows[0])
    server.get<{ Params: { id: string } }>('/products/:id', request => find(request.params.id))
  }

const trusting = (redisUrl: string, load: Load): Load => {
  const redis = new Redis(redisUrl)
  return async id => {
    const known = await redis.get(`product:${id}`)
    if (known !== null) return JSON.parse(known) as Product
    const product = await load(id)
    await redis.set(`product:${id}`, JSON.stringify(product), 'EX', 60)
    return product
  }
}

const awayMs = 1_000

/** Left alone for a second after it failed, so that not every request pays the timeout. */
const doubting = (redisUrl: string, load: Load): Load => {
  const redis = new Redis(redisUrl, { commandTimeout: 50, maxRetriesPerRequest: 1, enableOfflineQueue: false })
  redis.on('error', () => {})
  let awayUntilMs = 0
  const away = () => {
    awayUntilMs = Date.now() + awayMs
    return null
  }
  const cache = new Cache({ name: 'products', defaults: { ttlMs: 1_000, staleIfErrorMs: 60_000 } })
  return id =>
    cache.getOrLoad(id, async () => {
      const isAway = Date.now() < awayUntilMs
      const known = isAway ? null : await redis.get(`product:${id}`).catch(away)
      if (known !== null) return JSON.parse(known) as Product
      const product = await load(id)
      if (Date.now() >= awayUntilMs) await redis.set(`product:${id}`, JSON.stringify(product), 'EX', 60).catch(away)
      return product
    })
}

export const experiment = defineDrill({
  practice: 'cache-failure',
  drill: 'paused',
  breaks: 'cache-failure',
  database: `
    CREATE TABLE products (id int PRIMARY KEY, name text NOT NULL);
    INSERT INTO products SELECT n, 'product ' || n FROM generate_series(1, 2000) n`,
  requests: [{ route: 'GET /products/:id', paths: spread(2_000, id => `/products/${id}`) }],
  load: { ratePerSecond: 100, durationMs: 6_000 },
  redis: true,
  before: { app: shop(trusting) },
  after: { app: shop(doubting) },
  expects: { atLeast: 10 },
})
