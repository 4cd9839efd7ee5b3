/** Orders with their items. */
import type { FastifyInstance } from 'fastify'
import type { ShopContext } from '../context.ts'

interface OrderRow {
  readonly id: number
  readonly status: string
  readonly created_at: Date
}
interface ItemRow {
  readonly order_id: number
  readonly product_id: number
  readonly quantity: number
  readonly price_cents: number
}

export function orderRoutes(server: FastifyInstance, { pool, fixes }: ShopContext): void {
  server.get<{ Querystring: { before?: string } }>('/orders', async request => {
    const before = Number(request.query.before ?? 2 ** 31 - 1)
    const { rows } = await pool.query<OrderRow>(
      'SELECT id, status, created_at FROM orders WHERE id < $1 ORDER BY id DESC LIMIT 100',
      [before],
    )
    return fixes.has('n-plus-one') ? withItemsTogether(rows) : withItemsOneByOne(rows)
  })

  server.get<{ Params: { id: string } }>('/orders/:id', async (request, reply) => {
    const { rows } = await pool.query<OrderRow>('SELECT id, status, created_at FROM orders WHERE id = $1', [
      request.params.id,
    ])
    return rows[0] ?? reply.code(404).send({ error: 'no such order' })
  })

  async function withItemsOneByOne(orders: readonly OrderRow[]) {
    const answer = []
    for (const order of orders) {
      const items = await itemsOf(order.id)
      answer.push({ ...order, items })
    }
    return answer
  }

  async function itemsOf(orderId: number) {
    const text = 'SELECT order_id, product_id, quantity, price_cents FROM order_items WHERE order_id = $1 ORDER BY id'
    const { rows } = await pool.query<ItemRow>(text, [orderId]) // fault: n-plus-one
    return rows
  }

  async function withItemsTogether(orders: readonly OrderRow[]) {
    const { rows } = await pool.query<ItemRow>(
      'SELECT order_id, product_id, quantity, price_cents FROM order_items WHERE order_id = ANY($1) ORDER BY id',
      [orders.map(order => order.id)],
    )
    const byOrder = groupByOrder(rows)
    return orders.map(order => ({ ...order, items: byOrder.get(order.id) ?? [] }))
  }
}

function groupByOrder(rows: readonly ItemRow[]): Map<number, ItemRow[]> {
  const groups = new Map<number, ItemRow[]>()
  for (const row of rows) {
    const group = groups.get(row.order_id)
    if (group) group.push(row)
    else groups.set(row.order_id, [row])
  }
  return groups
}
