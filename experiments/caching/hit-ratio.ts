/** Pages kept in a Redis of two megabytes, which has room for a fifth of them, against one that holds all of them. */
import { Redis } from 'ioredis'
import type { ArmContext, ExperimentArm } from '../define.ts'
import { defineExperiment } from '../define.ts'

const products = 200
/** Every product once and then by its rank (Zipf, exponent 1), so that the first few are asked for most. */
const popular = Array.from({ length: products }, (_, at) => at + 1).flatMap(rank =>
  Array.from({ length: Math.ceil(products / rank) }, () => `/products/${1 + ((rank * 77) % products)}`),
)

const app: ExperimentArm['app'] = (server, { pg, connectionString, redisUrl = '' }: ArmContext) => {
  const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
  const redis = new Redis(redisUrl)
  const sql = `
    SELECT count(*)::int AS reviews, count(DISTINCT md5(author))::int AS authors, repeat(md5($1::text), 500) AS text
    FROM reviews WHERE product_id = $1::int`
  server.get<{ Params: { id: string } }>('/products/:id', async ({ params: { id } }, reply) => {
    const known = await redis.get(`product:${id}`)
    const page = known ?? JSON.stringify((await pool.query(sql, [id])).rows[0])
    if (known === null) await redis.set(`product:${id}`, page, 'EX', 3_600)
    return reply.type('application/json').send(page)
  })
}

export const experiment = defineExperiment({
  practice: 'hit-ratio',
  database: `
    CREATE TABLE reviews (id int PRIMARY KEY, product_id int NOT NULL, author text NOT NULL);
    INSERT INTO reviews
      SELECT n, 1 + n / 2000, 'author ' || (n::bigint * 7919) % 1500 FROM generate_series(0, ${products} * 2000 - 1) n;
    CREATE INDEX reviews_product_id_idx ON reviews (product_id) INCLUDE (author)`,
  requests: [{ route: 'GET /products/:id', paths: popular }],
  load: { ratePerSecond: 60, durationMs: 14_000 },
  redis: true,
  before: { app, maintenance: ['VACUUM ANALYZE'], redis: { maxmemory: '2mb', 'maxmemory-policy': 'allkeys-lru' } },
  after: { app, maintenance: ['VACUUM ANALYZE'], redis: { maxmemory: '64mb', 'maxmemory-policy': 'allkeys-lru' } },
  answer: 'same',
  sweep: { entries: [10, 20, 40, 80, products] },
  // Two of three reads are hits before as well: the median request is one on both arms, and gains by waiting less for the others.
  expects: { metric: 'p50', atLeast: 1.25 },
})
