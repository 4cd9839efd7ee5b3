/** A connection opened for every request, against one pool opened once. */
import { defineExperiment, spread } from '../define.ts'

const sql = 'SELECT id, status FROM orders WHERE id = $1'

export const experiment = defineExperiment({
  practice: 'connection-pooling',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, status text NOT NULL);
    INSERT INTO orders SELECT n, 'paid' FROM generate_series(1, 20000) n`,
  requests: [{ route: 'GET /orders/:id', paths: spread(20_000, id => `/orders/${id}`) }],
  load: { ratePerSecond: 25, durationMs: 8_000 },
  before: {
    app(server, { pg, connectionString }) {
      server.get<{ Params: { id: string } }>('/orders/:id', async request => {
        const client = new pg.Client({ connectionString })
        await client.connect()
        try {
          return (await client.query(sql, [request.params.id])).rows
        } finally {
          await client.end()
        }
      })
    },
  },
  after: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get<{ Params: { id: string } }>('/orders/:id', async request => {
        return (await pool.query(sql, [request.params.id])).rows
      })
    },
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 2 },
})
