/** Products: list, detail, category page, reviews, stock. */
import type { FastifyInstance } from 'fastify'
import pg from 'pg'
import type { ShopContext } from '../context.ts'
import { decodeCursor, encodeCursor } from '../cursor.ts'

interface ProductRow {
  readonly id: number
  readonly name: string
  readonly price_cents: number
}
const pageSize = 20

export function productRoutes(server: FastifyInstance, { pool, fixes, connectionString }: ShopContext): void {
  server.get<{ Querystring: { cursor?: string } }>('/products', async request => {
    const { offset, afterId } = decodeCursor(request.query.cursor)
    const columns = 'id, name, price_cents'
    const { rows } = fixes.has('keyset-pagination')
      ? await pool.query<ProductRow>(`SELECT ${columns} FROM products WHERE id > $1 ORDER BY id LIMIT 20`, [afterId])
      : await pool.query<ProductRow>(`SELECT ${columns} FROM products ORDER BY id LIMIT 20 OFFSET $1`, [offset]) // fault: keyset-pagination
    const last = rows.at(-1)
    return { items: rows, next: last && encodeCursor({ offset: offset + pageSize, afterId: last.id }) }
  })

  server.get<{ Params: { id: string } }>('/products/:id', async (request, reply) => {
    const text = 'SELECT id, name, price_cents, stock, description FROM products WHERE id = $1'
    const { rows } = await pool.query(text, [request.params.id])
    return rows[0] ?? reply.code(404).send({ error: 'no such product' })
  })

  server.get<{ Params: { id: string } }>('/categories/:id/products', async request => {
    const columns = fixes.has('select-needed-columns') ? 'id, name, price_cents' : '*'
    const text = `SELECT ${columns} FROM products WHERE category_id = $1 ORDER BY id LIMIT 100`
    const { rows } = await pool.query<ProductRow>(text, [request.params.id]) // fault: select-needed-columns
    return rows.map(({ id, name, price_cents }) => ({ id, name, priceCents: price_cents }))
  })

  server.get<{ Params: { id: string } }>('/products/:id/reviews', async request => {
    const text =
      'SELECT id, rating, body, created_at FROM reviews WHERE product_id = $1 ORDER BY created_at DESC, id LIMIT 10'
    const { rows } = await pool.query(text, [request.params.id]) // fault: missing-index
    return rows
  })

  server.get<{ Params: { id: string } }>('/stock/:id', async (request, reply) => {
    const text = 'SELECT id, stock FROM products WHERE id = $1'
    const { rows } = fixes.has('connection-pooling')
      ? await pool.query(text, [request.params.id])
      : await queryAlone(text, request.params.id)
    return rows[0] ?? reply.code(404).send({ error: 'no such product' })
  })

  async function queryAlone(text: string, id: string) {
    const client = new pg.Client({ connectionString })
    await client.connect() // fault: connection-pooling
    try {
      return await client.query(text, [id])
    } finally {
      await client.end()
    }
  }
}
