/** A list of 100 orders, each loading its customer, against one query for all of them that the runtime's batch gathers. */
import { batched } from '@whetstone/runtime/batch'
import { defineExperiment, spread } from '../define.ts'

interface Order {
  readonly id: number
  readonly customer_id: number
}
interface Customer {
  readonly id: number
  readonly name: string
}

const listing = 'SELECT id, customer_id FROM orders WHERE id <= $1 ORDER BY id DESC LIMIT 100'

export const experiment = defineExperiment({
  practice: 'n-plus-one',
  database: `
    CREATE TABLE customers (id int PRIMARY KEY, name text NOT NULL);
    CREATE TABLE orders (id int PRIMARY KEY, customer_id int NOT NULL);
    INSERT INTO customers SELECT n, 'customer ' || n FROM generate_series(1, 20000) n;
    INSERT INTO orders SELECT n, 1 + (n * 7919::bigint) % 20000 FROM generate_series(1, 20000) n`,
  requests: [{ route: 'GET /orders', paths: spread(20_000, id => `/orders?upTo=${id}`) }],
  load: { ratePerSecond: 8, durationMs: 8_000 },
  before: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      server.get<{ Querystring: { upTo: string } }>('/orders', async request => {
        const { rows } = await pool.query<Order>(listing, [request.query.upTo])
        const orders = []
        for (const { id, customer_id: of } of rows) {
          const customers = await pool.query<Customer>('SELECT id, name FROM customers WHERE id = $1', [of])
          orders.push({ id, customer: customers.rows[0]?.name })
        }
        return orders
      })
    },
  },
  after: {
    app(server, { pg, connectionString }) {
      const pool = new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 5_000 })
      const customerOf = batched(
        async (ids: readonly number[]) =>
          (await pool.query<Customer>('SELECT id, name FROM customers WHERE id = ANY($1)', [ids])).rows,
        { by: ({ id }) => id },
      )
      server.get<{ Querystring: { upTo: string } }>('/orders', async request => {
        const { rows } = await pool.query<Order>(listing, [request.query.upTo])
        return Promise.all(
          rows.map(async ({ id, customer_id: of }) => ({ id, customer: (await customerOf(of))?.name })),
        )
      })
    },
  },
  answer: 'same',
  // Over loopback a round trip is 0.07 ms, and the request without them 2 ms: 3.3 times on a quiet machine, more on a busy one.
  expects: { metric: 'p50', atLeast: 3 },
})
