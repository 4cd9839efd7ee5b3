/** What the shop's visitors ask for: every route with its share, ids over the whole range of keys. */
import { encodeCursor } from './cursor.ts'
import { activeCustomers, sizes } from './schema.ts'

interface ShopRoute {
  readonly route: string
  readonly weight: number
  readonly requests: readonly {
    readonly method: string
    readonly path: string
    readonly headers: Readonly<Record<string, string>>
  }[]
}

/** @param count how many different requests each route has */
export function shopWorkload(random: () => number, count = 40): readonly ShopRoute[] {
  const upTo = (limit: number) => 1 + Math.floor(random() * limit)
  const route = (pattern: string, weight: number, path: () => string): ShopRoute => ({
    route: `GET ${pattern}`,
    weight,
    requests: Array.from({ length: count }, () => ({
      method: 'GET',
      path: path(),
      headers: { 'accept-encoding': 'gzip' },
    })),
  })
  const deepCursor = () => {
    // Most visitors stay on the first pages; crawlers and impatient ones go deep.
    const offset = random() < 0.3 ? 20 * upTo(3) : sizes.products / 2 + upTo(sizes.products / 2 - 20)
    return encodeCursor({ offset, afterId: offset })
  }
  return [
    route('/orders', 4, () => `/orders?before=${upTo(sizes.orders)}`),
    route('/orders/:id', 2, () => `/orders/${upTo(sizes.orders)}`),
    route('/products', 2, () => `/products?cursor=${deepCursor()}`),
    route('/products/:id', 3, () => `/products/${upTo(sizes.products)}`),
    route('/products/:id/reviews', 4, () => `/products/${upTo(sizes.products)}/reviews`),
    route('/categories/:id/products', 3, () => `/categories/${upTo(sizes.categories)}/products`),
    route('/stock/:id', 3, () => `/stock/${upTo(sizes.products)}`),
    route('/account/:id', 2, () => `/account/${upTo(sizes.customers)}`),
    route('/customers/:id/orders', 2, () => `/customers/${upTo(sizes.customers)}/orders`),
    route('/customers/:id/activity', 4, () => `/customers/${upTo(activeCustomers)}/activity`),
    route('/invoices/:id', 1, () => `/invoices/${upTo(1_000_000)}`),
    route('/catalogue/:id', 1, () => `/catalogue/${upTo(sizes.categories)}`),
    route('/cities/:id', 1, () => `/cities/${upTo(sizes.customers)}`),
  ]
}
