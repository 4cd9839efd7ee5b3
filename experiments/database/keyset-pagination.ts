/** Pages deep in a list: OFFSET walks to them row by row, a key goes straight there. */
import { contractChange, defineExperiment, spread } from '../define.ts'

const pages = [...spread(12_500, page => `/orders?page=${page}&before=${250_001 - page * 20}`, 48)]
const first = Array.from({ length: 12 }, (_, page) => `/orders?page=${page}&before=${250_001 - page * 20}`)

interface Page {
  readonly Querystring: { readonly page: string; readonly before: string }
}

export const experiment = defineExperiment({
  practice: 'keyset-pagination',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL, note text NOT NULL);
    INSERT INTO orders SELECT n, 'paid', repeat('x', 60) FROM generate_series(1, 250000) n`,
  requests: [{ route: 'GET /orders', paths: [...pages, ...first] }],
  load: { ratePerSecond: 20, durationMs: 8_000 },
  before: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get<Page>('/orders', async ({ query }) => {
        const sql = 'SELECT id, status FROM orders ORDER BY id DESC LIMIT 20 OFFSET $1'
        return (await pool.query(sql, [Number(query.page) * 20])).rows
      })
    },
  },
  after: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get<Page>('/orders', async ({ query }) => {
        const sql = 'SELECT id, status FROM orders WHERE id < $1 ORDER BY id DESC LIMIT 20'
        return (await pool.query(sql, [query.before])).rows
      })
    },
  },
  answer: contractChange('a page is named by the key before it instead of by its number'),
  expects: { metric: 'p50', atLeast: 3 },
})
