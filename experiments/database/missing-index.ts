/** The orders of one customer, found by reading all 1.2 million, against an index on the customer. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
  server.get<{ Params: { id: string } }>('/customers/:id/orders', async request => {
    const sql = 'SELECT id, total FROM orders WHERE customer_id = $1'
    const { rows } = await pool.query<{ id: number; total: number }>(sql, [request.params.id])
    return rows.toSorted((a, b) => a.id - b.id)
  })
}

export const experiment = defineExperiment({
  practice: 'missing-index',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL, total int NOT NULL, note text NOT NULL);
    INSERT INTO orders SELECT n, 1 + (n * 7919::bigint) % 20000, n % 900, repeat('x', 600) FROM generate_series(1, 1200000) n`,
  requests: [{ route: 'GET /customers/:id/orders', paths: spread(20_000, id => `/customers/${id}/orders`) }],
  load: { ratePerSecond: 2, durationMs: 10_000 },
  before: { app },
  after: { app, schema: 'CREATE INDEX orders_customer_id_idx ON orders (customer_id)' },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 100 },
})
