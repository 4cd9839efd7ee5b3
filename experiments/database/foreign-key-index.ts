/** An order joined with its items: the key points from the items, and only an index there finds them. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

const app: ExperimentArm['app'] = (server, { pg, connectionString }) => {
  const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
  server.get<{ Params: { id: string } }>('/orders/:id', async request => {
    const sql = `SELECT o.id, o.status, i.id AS item_id, i.name
      FROM orders o JOIN items i ON i.order_id = o.id WHERE o.id = $1 ORDER BY i.id`
    return (await pool.query(sql, [request.params.id])).rows
  })
}

export const experiment = defineExperiment({
  practice: 'foreign-key-index',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL);
    CREATE TABLE items (id int PRIMARY KEY, order_id int NOT NULL REFERENCES orders, name text NOT NULL);
    INSERT INTO orders SELECT n, 'paid' FROM generate_series(1, 40000) n;
    INSERT INTO items SELECT n, 1 + (n * 7919::bigint) % 40000, 'item number ' || n FROM generate_series(1, 200000) n`,
  requests: [{ route: 'GET /orders/:id', paths: spread(40_000, id => `/orders/${id}`) }],
  load: { ratePerSecond: 20, durationMs: 8_000 },
  before: { app },
  after: { app, schema: 'CREATE INDEX items_order_id_idx ON items (order_id)' },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 3 },
})
