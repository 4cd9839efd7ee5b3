/** The endpoint three times, each giving the same answer: as it is often written, and as it was refactored. */
import { batched } from '@whetstone/runtime/batch'
import { Order, OrderLine, Product } from './models.ts'

export type LatestOrders = (customerId: number) => Promise<readonly ListedOrder[]>

interface ListedOrder {
  readonly id: number
  readonly createdAt: Date
  readonly lines: readonly { readonly product: string; readonly quantity: number }[]
}

export type Loading = 'lazy' | 'eager' | 'batched'

export const latestOrders: Readonly<Record<Loading, LatestOrders>> = {
  lazy: lazily,
  eager: eagerly,
  batched: inBatches,
}

const ofCustomer = (customerId: number) => ({
  where: { customerId },
  order: [['createdAt', 'DESC'] as [string, string]],
  limit: 20,
})

/** A query for the orders, one per order for its lines, one per line for its product. */
async function lazily(customerId: number): Promise<readonly ListedOrder[]> {
  const listed: ListedOrder[] = []
  for (const order of await Order.findAll(ofCustomer(customerId))) {
    const lines: { product: string; quantity: number }[] = []
    for (const line of await order.getLines({ order: ['id'] })) {
      const product = await line.getProduct()
      lines.push({ product: product.name, quantity: line.quantity })
    }
    listed.push({ id: order.id, createdAt: order.createdAt, lines })
  }
  return listed
}

/** One query. It repeats the order for each of its lines, and the whole product for each line that names it. */
async function eagerly(customerId: number): Promise<readonly ListedOrder[]> {
  const { order, ...rest } = ofCustomer(customerId)
  const orders = await Order.findAll({
    ...rest,
    include: [{ model: OrderLine, as: 'lines', include: [{ model: Product, as: 'product' }] }],
    order: [...order, [{ model: OrderLine, as: 'lines' }, 'id', 'ASC']],
  })
  return orders.map(({ id, createdAt, lines = [] }) => ({
    id,
    createdAt,
    lines: lines.map(line => ({ product: line.product!.name, quantity: line.quantity })),
  }))
}

const linesOf = batched(
  (orderIds: readonly number[]) => OrderLine.findAll({ where: { orderId: [...orderIds] }, order: ['id'] }),
  { by: line => line.orderId, many: true, name: 'lines of orders' },
)
const productOf = batched(
  (ids: readonly number[]) => Product.findAll({ attributes: ['id', 'name'], where: { id: [...ids] } }),
  { by: product => product.id, missing: 'fault', name: 'products' },
)

/** Three queries: what is written for one order or one line is asked for all of them together, each product once. */
async function inBatches(customerId: number): Promise<readonly ListedOrder[]> {
  const orders = await Order.findAll(ofCustomer(customerId))
  return Promise.all(
    orders.map(async ({ id, createdAt }) => ({
      id,
      createdAt,
      lines: await Promise.all(
        (await linesOf(id)).map(async ({ productId, quantity }) => ({
          product: (await productOf(productId)).name,
          quantity,
        })),
      ),
    })),
  )
}
