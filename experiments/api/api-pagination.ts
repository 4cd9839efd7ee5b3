/** A list of 3,000 orders in one answer, against pages of 50 with the key of the next. */
import { contractChange, defineExperiment } from '../define.ts'

interface Order {
  readonly id: number
}
interface Page {
  readonly Querystring: { readonly limit?: string; readonly after?: string }
}

export const experiment = defineExperiment({
  practice: 'api-pagination',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, name text NOT NULL, note text NOT NULL);
    INSERT INTO orders SELECT n, 'order ' || n, repeat('x', 60) FROM generate_series(1, 3000) n`,
  requests: [{ route: 'GET /orders', paths: ['/orders'] }],
  load: { ratePerSecond: 15, durationMs: 8_000 },
  before: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get('/orders', async () => (await pool.query('SELECT id, name, note FROM orders ORDER BY id')).rows)
    },
  },
  after: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get<Page>('/orders', async ({ query }) => {
        const limit = Math.min(Number(query.limit ?? 50), 100)
        const sql = 'SELECT id, name, note FROM orders WHERE id > $1 ORDER BY id LIMIT $2'
        const { rows } = await pool.query<Order>(sql, [Number(query.after ?? 0), limit + 1])
        return { orders: rows.slice(0, limit), next: rows.length > limit ? rows[limit - 1]?.id : null }
      })
    },
  },
  answer: contractChange('a page of 50 and the key of the next instead of the whole list'),
  expects: { metric: 'bytes', atLeast: 10 },
})
