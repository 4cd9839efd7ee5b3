/** A page of ten parts that opens a connection for every statement, against one pool of the runtime opened once. */
import { Pool } from '@whetstone/runtime/data'
import type { FastifyInstance } from 'fastify'
import { defineExperiment, spread } from '../define.ts'

const parts = [
  ...['orders', 'customers', 'addresses', 'payments', 'parcels'],
  ...['invoices', 'discounts', 'messages', 'ratings', 'returns'],
]

export const experiment = defineExperiment({
  practice: 'connection-pooling',
  database: parts
    .map(
      name => `CREATE TABLE ${name} (id int PRIMARY KEY, status text NOT NULL);
        INSERT INTO ${name} SELECT n, 'of ${name}' FROM generate_series(1, 20000) n;`,
    )
    .join('\n'),
  requests: [{ route: 'GET /orders/:id', paths: spread(20_000, id => `/orders/${id}`) }],
  load: { ratePerSecond: 6, durationMs: 8_000 },
  before: {
    app(server, { pg, connectionString }) {
      orderPage(server, async (sql, id) => {
        const client = new pg.Client({ connectionString })
        await client.connect()
        try {
          return (await client.query(sql, [id])).rows[0] as unknown
        } finally {
          await client.end()
        }
      })
    },
  },
  after: {
    app(server, { connectionString }) {
      const pool = new Pool({ connectionString, max: 10 })
      orderPage(server, async (sql, id) => (await pool.query(sql, [id])).rows[0] as unknown)
    },
  },
  answer: 'same',
  expects: { metric: 'p50', atLeast: 10 },
})

function orderPage(server: FastifyInstance, one: (sql: string, id: string) => Promise<unknown>): void {
  server.get<{ Params: { id: string } }>('/orders/:id', async ({ params }) => {
    const page: Record<string, unknown> = {}
    for (const name of parts) page[name] = await one(`SELECT id, status FROM ${name} WHERE id = $1`, params.id)
    return page
  })
}
