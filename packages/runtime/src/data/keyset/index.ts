/** Pages by key, and how many there may be. */
export { estimateRows } from './estimate.ts'
export type { EstimateOptions, RowEstimate } from './estimate.ts'
export { keyset } from './keyset.ts'
export type { KeysetOptions, Page, PageRequest } from './keyset.ts'
export type { KeysetColumn } from './order.ts'
