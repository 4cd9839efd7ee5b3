/** A key in Redis that ends every second under 500 requests a second: loaded by all who miss it, against once behind callers who get the old answer. */
import { Cache } from '@whetstone/runtime/cache'
import { Redis } from 'ioredis'
import type { ArmContext, ExperimentArm } from '../define.ts'
import { defineDrill } from '../define.ts'

interface Summary {
  readonly reviews: number
  readonly authors: number
}
type Load = () => Promise<Summary>

const ttlMs = 1_000

const front =
  (wrap: (read: Load) => Load): ExperimentArm['app'] =>
  (server, { pg, connectionString, redisUrl = '' }: ArmContext) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 10_000 })
    const redis = new Redis(redisUrl)
    let loads = 0
    const read = wrap(async () => {
      const known = await redis.get('summary:front')
      if (known !== null) return JSON.parse(known) as Summary
      loads++
      const { rows } = await pool.query<Summary>(
        'SELECT count(*)::int AS reviews, count(DISTINCT md5(author))::int AS authors FROM reviews',
      )
      await redis.set('summary:front', JSON.stringify(rows[0]), 'PX', ttlMs)
      return rows[0]!
    })
    server.get('/front', read)
    server.get('/loads', () => String(loads))
  }

export const experiment = defineDrill({
  practice: 'cache-stampede',
  drill: 'loads',
  database: `
    CREATE TABLE reviews (id int PRIMARY KEY, author text NOT NULL);
    INSERT INTO reviews SELECT n, 'author ' || (n::bigint * 7919) % 1500 FROM generate_series(1, 8000) n`,
  requests: [{ route: 'GET /front', paths: ['/front'] }],
  load: { ratePerSecond: 500, durationMs: 8_000 },
  redis: true,
  before: { app: front(read => read) },
  after: {
    app: front(read => {
      const cache = new Cache({ name: 'front', defaults: { ttlMs, staleWhileRevalidateMs: 10_000 } })
      return () => cache.getOrLoad('front', read)
    }),
  },
  expects: { atLeast: 5 },
})
