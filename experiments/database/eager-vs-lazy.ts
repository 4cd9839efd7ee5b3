/** A list of 25 orders that joins all items of each and shows none, against the list alone. */
import { defineExperiment, spread } from '../define.ts'
import type { ExperimentArm } from '../define.ts'

interface Order {
  readonly id: number
  readonly status: string
}

const list =
  (sql: string): ExperimentArm['app'] =>
  (server, { pg, connectionString }) => {
    const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
    server.get<{ Querystring: { upTo: string } }>('/orders', async ({ query }) => {
      const { rows } = await pool.query<Order>(sql, [Number(query.upTo) - 25, query.upTo])
      const orders = new Map(rows.map(({ id, status }) => [id, { id, status }]))
      return [...orders.values()]
    })
  }

export const experiment = defineExperiment({
  practice: 'eager-vs-lazy',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL);
    CREATE TABLE items (id int PRIMARY KEY, order_id int NOT NULL, name text NOT NULL, note text NOT NULL);
    INSERT INTO orders SELECT n, 'paid' FROM generate_series(1, 3000) n;
    INSERT INTO items SELECT n, 1 + n % 3000, 'item ' || n, repeat('x', 400) FROM generate_series(1, 108000) n;
    CREATE INDEX items_order_id_idx ON items (order_id)`,
  requests: [{ route: 'GET /orders', paths: spread(2_900, id => `/orders?upTo=${id + 50}`) }],
  load: { ratePerSecond: 12, durationMs: 8_000 },
  before: {
    app: list(
      `SELECT o.id, o.status, i.id AS item, i.name, i.note FROM orders o LEFT JOIN items i ON i.order_id = o.id
       WHERE o.id > $1 AND o.id <= $2 ORDER BY o.id`,
    ),
  },
  after: { app: list('SELECT id, status FROM orders WHERE id > $1 AND id <= $2 ORDER BY id') },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})
