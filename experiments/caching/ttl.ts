/** Summaries that never change, kept in Redis for 0.4 s each and so loaded most of the time, against ten seconds. */
import { Redis } from 'ioredis'
import type { ArmContext, ExperimentArm } from '../define.ts'
import { defineExperiment } from '../define.ts'

const products = 40
/** By its rank (Zipf, exponent 1), so that the first few are asked for most. */
const popular = Array.from({ length: products }, (_, at) => at + 1).flatMap(rank =>
  Array.from({ length: Math.ceil(products / rank) }, () => `/products/${1 + ((rank * 17) % products)}/reviews`),
)

const kept =
  (ttlMs: number): ExperimentArm['app'] =>
  (server, { pg, connectionString, redisUrl = '' }: ArmContext) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    const redis = new Redis(redisUrl)
    const sql =
      'SELECT count(*)::int AS reviews, count(DISTINCT md5(author))::int AS authors FROM reviews WHERE product_id = $1'
    server.get<{ Params: { id: string } }>('/products/:id/reviews', async ({ params: { id } }, reply) => {
      const known = await redis.get(`reviews:${id}`)
      const summary = known ?? JSON.stringify((await pool.query(sql, [id])).rows[0])
      if (known === null) await redis.set(`reviews:${id}`, summary, 'PX', ttlMs)
      return reply.type('application/json').send(summary)
    })
  }

export const experiment = defineExperiment({
  practice: 'ttl',
  database: `
    CREATE TABLE reviews (id int PRIMARY KEY, product_id int NOT NULL, author text NOT NULL);
    INSERT INTO reviews
      SELECT n, 1 + n / 4000, 'author ' || (n::bigint * 7919) % 1500 FROM generate_series(0, ${products} * 4000 - 1) n;
    CREATE INDEX reviews_product_id_idx ON reviews (product_id) INCLUDE (author)`,
  requests: [{ route: 'GET /products/:id/reviews', paths: popular }],
  load: { ratePerSecond: 25, durationMs: 24_000 },
  redis: true,
  before: { app: kept(400), maintenance: ['VACUUM ANALYZE'] },
  after: { app: kept(10_000), maintenance: ['VACUUM ANALYZE'] },
  answer: 'same',
  sweep: { ttlMs: [400, 1_000, 2_000, 5_000, 10_000] },
  expects: { metric: 'p50', atLeast: 1.5 },
})
