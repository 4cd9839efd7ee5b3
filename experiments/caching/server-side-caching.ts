/** Sales of a shop, added up for each request, against the same behind a small cache in the process: what becomes of the tail. */
import { Cache } from '@whetstone/runtime/cache'
import type { ArmContext, ExperimentArm } from '../define.ts'
import { defineExperiment } from '../define.ts'

interface Sales {
  readonly orders: number
  readonly cents: number
}
type Load = (id: string) => Promise<Sales | undefined>

const shops = 30
/** Every shop once and then by its rank (Zipf, exponent 1). */
const popular = Array.from({ length: shops }, (_, at) => at + 1).flatMap(rank =>
  Array.from({ length: Math.ceil(shops / rank) }, () => `/shops/${1 + ((rank * 7) % shops)}/sales`),
)

const sales =
  (wrap: (load: Load) => Load): ExperimentArm['app'] =>
  (server, { pg, connectionString }: ArmContext) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    const sql = 'SELECT count(*)::int AS orders, sum(cents)::int AS cents FROM orders WHERE shop_id = $1'
    const load = wrap(async id => (await pool.query<Sales>(sql, [id])).rows[0])
    server.get<{ Params: { id: string } }>('/shops/:id/sales', request => load(request.params.id))
  }

const kept = (load: Load): Load => {
  const cache = new Cache({ name: 'sales', maxEntries: 100, defaults: { ttlMs: 60_000 } })
  return id => cache.getOrLoad(id, () => load(id))
}

export const experiment = defineExperiment({
  practice: 'server-side-caching',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, shop_id int NOT NULL, cents int NOT NULL);
    INSERT INTO orders SELECT n, 1 + n / 20000, (n::bigint * 7919) % 5000 FROM generate_series(0, ${shops} * 20000 - 1) n;
    CREATE INDEX orders_shop_id_idx ON orders (shop_id) INCLUDE (cents)`,
  requests: [{ route: 'GET /shops/:id/sales', paths: popular }],
  load: { ratePerSecond: 60, durationMs: 10_000 },
  before: { app: sales(load => load), maintenance: ['VACUUM ANALYZE'] },
  after: { app: sales(kept), maintenance: ['VACUUM ANALYZE'] },
  answer: 'same',
  expects: { metric: 'p95', atLeast: 1.25 },
})
