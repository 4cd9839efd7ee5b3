/** An export of 200,000 rows, read whole and joined to one text, against a cursor that the runtime writes out as the client reads. */
import { ndjsonStream, Pool } from '@whetstone/runtime/data'
import { defineDrill } from '../define.ts'
import { answerMemory } from '../peak-memory.ts'

const orders = 'SELECT id, customer, note FROM orders WHERE id <= $1 ORDER BY id'

interface Export {
  readonly Querystring: { readonly upTo: string }
}

export const experiment = defineDrill({
  practice: 'limit-result-sets',
  drill: 'peak-memory',
  database: `
    CREATE TABLE orders (id int PRIMARY KEY, customer text NOT NULL, note text NOT NULL);
    INSERT INTO orders SELECT n, 'customer ' || n, repeat('x', 100) FROM generate_series(1, 200000) n`,
  requests: [{ route: 'GET /orders.ndjson', paths: ['/orders.ndjson?upTo=2000', '/orders.ndjson?upTo=200000'] }],
  load: { ratePerSecond: 1, durationMs: 8_000 },
  before: {
    app(server, { pg, connectionString }) {
      answerMemory(server)
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get<Export>('/orders.ndjson', async ({ query }, reply) => {
        const { rows } = await pool.query(orders, [query.upTo])
        return reply.type('application/x-ndjson').send(rows.map(row => `${JSON.stringify(row)}\n`).join(''))
      })
    },
  },
  after: {
    app(server, { connectionString }) {
      answerMemory(server)
      const pool = new Pool({ connectionString, max: 10 })
      server.get<Export>('/orders.ndjson', ({ query }, reply) =>
        reply.type('application/x-ndjson').send(ndjsonStream(pool, { text: orders, values: [query.upTo] })),
      )
    },
  },
  expects: { atLeast: 4 },
})
