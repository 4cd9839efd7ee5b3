/** Test support: what complete means, and what all pieces of a complete run are made of. */

/** Nothing optional; of a union, any of its alternatives. */
export type Complete<T> = T extends object ? { readonly [K in keyof T]-?: Complete<Exclude<T[K], undefined>> } : T

/** Stands for a key of a record, where a record is keyed by what was measured. */
export const anyKey = 'any key'

export const histogram = {
  schema: 'log-linear@1',
  digits: 2,
  count: 1,
  min: 1,
  max: 1,
  sum: 1,
  buckets: [[1, 1]],
} as const
export const site = [{ file: '/home/ann/shop/src/orders.ts', line: 1, column: 1, function: 'listOrders' }]
