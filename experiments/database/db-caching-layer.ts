/** Review summaries that few products are asked for most of the time, computed for each request, against a small cache in the process. */
import type { ArmContext, ExperimentArm } from '../define.ts'
import { defineExperiment } from '../define.ts'

interface Summary {
  readonly reviews: number
  readonly authors: number
}
type Load = (id: string) => Promise<Summary | undefined>

const products = 100
/** Every product once and then by its rank: a fifth of them is asked for in two of three requests (Zipf, exponent 1). */
const popular = Array.from({ length: products }, (_, at) => at + 1).flatMap(rank =>
  Array.from({ length: Math.ceil(products / rank) }, () => `/products/${1 + ((rank * 77) % products)}/reviews`),
)

const summaries =
  (wrap: (load: Load) => Load): ExperimentArm['app'] =>
  (server, { pg, connectionString }: ArmContext) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    const sql =
      'SELECT count(*)::int AS reviews, count(DISTINCT md5(author))::int AS authors FROM reviews WHERE product_id = $1'
    const load = wrap(async id => (await pool.query<Summary>(sql, [id])).rows[0])
    server.get<{ Params: { id: string } }>('/products/:id/reviews', request => load(request.params.id))
  }

/** Bounded, one load a key, the oldest goes first. */
const cached =
  (ttlMs: number, most: number) =>
  (load: Load): Load => {
    const kept = new Map<string, { readonly untilMs: number; readonly answer: ReturnType<Load> }>()
    return id => {
      const known = kept.get(id)
      if (known && known.untilMs > Date.now()) return known.answer
      const answer = load(id)
      answer.catch(() => kept.delete(id))
      kept.set(id, { untilMs: Date.now() + ttlMs, answer })
      if (kept.size > most) kept.delete(kept.keys().next().value!)
      return answer
    }
  }

export const experiment = defineExperiment({
  practice: 'db-caching-layer',
  database: `
    CREATE TABLE reviews (id int PRIMARY KEY, product_id int NOT NULL, author text NOT NULL);
    INSERT INTO reviews
      SELECT n, 1 + n / 2000, 'author ' || (n::bigint * 7919) % 1500 FROM generate_series(0, ${products} * 2000 - 1) n;
    CREATE INDEX reviews_product_id_idx ON reviews (product_id) INCLUDE (author)`,
  requests: [{ route: 'GET /products/:id/reviews', paths: popular }],
  load: { ratePerSecond: 50, durationMs: 10_000 },
  before: { app: summaries(load => load), maintenance: ['VACUUM ANALYZE'] },
  after: { app: summaries(cached(60_000, 1_000)), maintenance: ['VACUUM ANALYZE'] },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})
