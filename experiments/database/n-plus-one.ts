/** A list of 25 orders, each loading its items, against one query for all of them that DataLoader gathers. */
import DataLoader from 'dataloader'
import { defineExperiment, spread } from '../define.ts'

interface Item {
  readonly id: number
  readonly name: string
}

const listing = 'SELECT id, status FROM orders WHERE id <= $1 ORDER BY id DESC LIMIT 25'

export const experiment = defineExperiment({
  practice: 'n-plus-one',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL);
    CREATE TABLE items (id int PRIMARY KEY, order_id int NOT NULL, name text NOT NULL);
    INSERT INTO orders SELECT n, 'paid' FROM generate_series(1, 20000) n;
    INSERT INTO items SELECT n, 1 + n % 20000, 'item ' || n FROM generate_series(1, 60000) n;
    CREATE INDEX items_order_id_idx ON items (order_id)`,
  requests: [{ route: 'GET /orders', paths: spread(20_000, id => `/orders?upTo=${id}`) }],
  load: { ratePerSecond: 12, durationMs: 8_000 },
  before: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get<{ Querystring: { upTo: string } }>('/orders', async request => {
        const { rows } = await pool.query<{ id: number }>(listing, [request.query.upTo])
        const orders = []
        for (const order of rows) {
          const items = await pool.query('SELECT id, name FROM items WHERE order_id = $1 ORDER BY id', [order.id])
          orders.push({ ...order, items: items.rows })
        }
        return orders
      })
    },
  },
  after: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get<{ Querystring: { upTo: string } }>('/orders', async request => {
        const itemsOf = new DataLoader<number, readonly Item[]>(async ids => {
          const { rows } = await pool.query<Item & { order_id: number }>(
            'SELECT order_id, id, name FROM items WHERE order_id = ANY($1) ORDER BY id',
            [ids],
          )
          return ids.map(of => rows.filter(item => item.order_id === of).map(({ id, name }) => ({ id, name })))
        })
        const { rows } = await pool.query<{ id: number }>(listing, [request.query.upTo])
        return Promise.all(rows.map(async order => ({ ...order, items: await itemsOf.load(order.id) })))
      })
    },
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})
