/** The latest orders of one shop: an index on the shop alone leaves thousands of rows to sort; one in the order of the list leaves none. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
  server.get<{ Params: { id: string } }>('/shops/:id/orders', async request => {
    const sql =
      'SELECT id, total, placed_at FROM orders WHERE shop_id = $1 AND status = $2 ORDER BY placed_at DESC LIMIT 20'
    return (await pool.query(sql, [request.params.id, 'open'])).rows
  })
}

export const experiment = defineExperiment({
  practice: 'composite-index',
  database: `
    CREATE TABLE orders (
      id int PRIMARY KEY, shop_id int NOT NULL, status text NOT NULL, placed_at timestamptz NOT NULL,
      total int NOT NULL, note text NOT NULL);
    INSERT INTO orders
      SELECT n, 1 + (n * 7919::bigint) % 20, CASE WHEN n % 3 = 0 THEN 'paid' ELSE 'open' END,
        timestamptz '2026-01-01' + (n * 104729::bigint % 30000000) * interval '1 second', n % 900, repeat('x', 60)
      FROM generate_series(1, 200000) n`,
  requests: [{ route: 'GET /shops/:id/orders', paths: spread(20, id => `/shops/${id}/orders`) }],
  load: { ratePerSecond: 20, durationMs: 8_000 },
  before: { app, schema: 'CREATE INDEX orders_shop_id_idx ON orders (shop_id)' },
  after: {
    app,
    schema: 'CREATE INDEX orders_shop_id_status_placed_at_idx ON orders (shop_id, status, placed_at DESC)',
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 3 },
})
