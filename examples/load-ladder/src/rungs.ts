/** The rungs: what is added to the database or to the service, one after another, each with all before it. */

export interface Rung {
  readonly label: string
  /** As it would be typed. */
  readonly change: string
  /** Run against the database before the rung is measured. */
  readonly sql?: readonly string[]
  /** How long an answer is kept in the process, from this rung on. */
  readonly cacheMs?: number
}

export const rungs: readonly Rung[] = [
  { label: 'no index', change: 'the primary key and nothing else' },
  {
    label: 'index',
    change: 'CREATE INDEX orders_customer ON orders (customer_id)',
    sql: ['CREATE INDEX orders_customer ON orders (customer_id)'],
  },
  {
    label: 'composite index',
    change: 'CREATE INDEX orders_open ON orders (customer_id, status, created_at DESC)',
    sql: [
      'CREATE INDEX orders_open ON orders (customer_id, status, created_at DESC)',
      // Or the planner may still prefer the smaller one.
      'DROP INDEX orders_customer',
    ],
  },
  {
    label: 'covering index',
    change: 'CREATE INDEX orders_listed ON orders (customer_id, status, created_at DESC) INCLUDE (id, total)',
    sql: [
      'CREATE INDEX orders_listed ON orders (customer_id, status, created_at DESC) INCLUDE (id, total)',
      'DROP INDEX orders_open',
    ],
  },
  { label: 'cache for 5 s', change: 'cached(openOrders, { ttl: 5_000 })', cacheMs: 5_000 },
]
