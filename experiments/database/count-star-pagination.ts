/** A page with the total beside it: the count reads the whole table, one row more than the page says that there is more. */
import { contractChange, defineExperiment, spread } from '../define.ts'

const paths = spread(200_000, id => `/orders?after=${id}`)

interface Page {
  readonly Querystring: { readonly after: string }
}

export const experiment = defineExperiment({
  practice: 'count-star-pagination',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL, note text NOT NULL);
    INSERT INTO orders SELECT n, 'paid', repeat('x', 60) FROM generate_series(1, 200000) n`,
  requests: [{ route: 'GET /orders', paths }],
  load: { ratePerSecond: 15, durationMs: 8_000 },
  before: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get<Page>('/orders', async ({ query }) => {
        const page = await pool.query('SELECT id, status FROM orders WHERE id > $1 ORDER BY id LIMIT 20', [query.after])
        const count = await pool.query<{ total: string }>('SELECT count(*) AS total FROM orders')
        return { orders: page.rows, total: Number(count.rows[0]?.total) }
      })
    },
  },
  after: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get<Page>('/orders', async ({ query }) => {
        const { rows } = await pool.query('SELECT id, status FROM orders WHERE id > $1 ORDER BY id LIMIT 21', [
          query.after,
        ])
        return { orders: rows.slice(0, 20), more: rows.length > 20 }
      })
    },
  },
  answer: contractChange('a page says whether there is another one instead of how many rows there are'),
  expects: { metric: 'p50', atLeast: 3 },
})
