/** All rows of a table fetched and filtered in JavaScript, against a statement that asks for the twenty wanted. */
import { defineExperiment, spread } from '../define.ts'

interface Order {
  readonly id: number
  readonly city: number
}

export const experiment = defineExperiment({
  practice: 'limit-result-sets',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, city int NOT NULL, note text NOT NULL);
    INSERT INTO orders SELECT n, 1 + (n * 7919::bigint) % 50, repeat('x', 40) FROM generate_series(1, 15000) n;
    CREATE INDEX orders_city_id_idx ON orders (city, id)`,
  requests: [{ route: 'GET /cities/:id/orders', paths: spread(50, id => `/cities/${id}/orders`) }],
  load: { ratePerSecond: 10, durationMs: 8_000 },
  before: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get<{ Params: { id: string } }>('/cities/:id/orders', async request => {
        const { rows } = await pool.query<Order>('SELECT id, city, note FROM orders ORDER BY id')
        return rows.filter(order => order.city === Number(request.params.id)).slice(0, 20)
      })
    },
  },
  after: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get<{ Params: { id: string } }>('/cities/:id/orders', async request => {
        const sql = 'SELECT id, city, note FROM orders WHERE city = $1 ORDER BY id LIMIT 20'
        return (await pool.query(sql, [request.params.id])).rows
      })
    },
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 3 },
})
