/** A call to another service while a row that many requests need stays locked, against the same call before the transaction. */
import { defineExperiment } from '../define.ts'
import type { ArmContext } from '../define.ts'

const poolOf = ({ pg, connectionString }: ArmContext) =>
  new pg.Pool({ connectionString, max: 10, connectionTimeoutMillis: 10_000 })

const take = 'UPDATE stock SET reserved = reserved + 1 WHERE product = $1 RETURNING product'
const note = 'INSERT INTO reservations (product, quote) VALUES ($1, $2)'

async function quoteOf({ upstreamPort }: ArmContext, product: string): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${upstreamPort}/quotes/${product}`)
  return ((await answer.json()) as { quote: number }).quote
}

export const experiment = defineExperiment({
  practice: 'transaction-length',
  database: `
    CREATE TABLE stock (product int PRIMARY KEY, reserved bigint NOT NULL);
    INSERT INTO stock VALUES (1, 0);
    CREATE TABLE reservations (id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, product int NOT NULL, quote int NOT NULL)`,
  // The one product that sells: all requests want its row, which the call keeps locked for most of the time.
  requests: [{ route: 'POST /reserve/:product', paths: ['/reserve/1'], method: 'POST' }],
  load: { ratePerSecond: 18, durationMs: 8_000 },
  upstream(server) {
    server.get<{ Params: { product: string } }>('/quotes/:product', async request => {
      await new Promise(resolve => setTimeout(resolve, 40))
      return { quote: 100 + Number(request.params.product) }
    })
  },
  before: {
    app(server, context) {
      const pool = poolOf(context)
      server.post<{ Params: { product: string } }>('/reserve/:product', async ({ params: { product } }) => {
        const client = await pool.connect()
        try {
          await client.query('BEGIN')
          const { rows } = await client.query(take, [product])
          const quote = await quoteOf(context, product)
          await client.query(note, [product, quote])
          await client.query('COMMIT')
          return { product: rows[0].product, quote }
        } finally {
          client.release()
        }
      })
    },
  },
  after: {
    app(server, context) {
      const pool = poolOf(context)
      server.post<{ Params: { product: string } }>('/reserve/:product', async ({ params: { product } }) => {
        const quote = await quoteOf(context, product)
        const client = await pool.connect()
        try {
          await client.query('BEGIN')
          const { rows } = await client.query(take, [product])
          await client.query(note, [product, quote])
          await client.query('COMMIT')
          return { product: rows[0].product, quote }
        } finally {
          client.release()
        }
      })
    },
  },
  answer: 'same',
  expects: { metric: 'p95', atLeast: 1.5 },
})
