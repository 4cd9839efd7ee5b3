/** The rungs: how the endpoint loads what belongs to its orders, and at last the indexes it needs. */
import type { Loading } from './latest-orders.ts'

export interface Rung {
  readonly label: string
  /** As it would be typed. */
  readonly change: string
  readonly loading: Loading
  /** Run against the database before the rung is measured; stays for those after it. */
  readonly sql?: readonly string[]
}

const indexes = [
  'CREATE INDEX orders_latest ON orders (customer_id, created_at DESC)',
  'CREATE INDEX order_lines_order ON order_lines (order_id)',
]

export const rungs: readonly Rung[] = [
  {
    label: 'lazy loading',
    change: 'for (const order of orders) for (const line of await order.getLines()) await line.getProduct()',
    loading: 'lazy',
  },
  {
    label: 'eager loading',
    change: "Order.findAll({ include: [{ as: 'lines', include: [{ as: 'product' }] }] })",
    loading: 'eager',
  },
  {
    label: 'batching',
    change: 'batched(ids => Product.findAll({ where: { id: ids } }), { by: product => product.id })',
    loading: 'batched',
  },
  { label: 'indexes', change: indexes.join('; '), loading: 'batched', sql: indexes },
]
