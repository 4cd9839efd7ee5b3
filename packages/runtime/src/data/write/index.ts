/** Many rows in few statements. */
export { batchedWrites } from './batched-writes.ts'
export type { BatchedWrites, BatchedWritesOptions } from './batched-writes.ts'
export { insertMany } from './insert-many.ts'
export type { InsertOptions } from './insert-many.ts'
export type { InsertRow, InsertTarget } from './insert-statement.ts'
export { InsertBroken } from './outcome.ts'
export type { FailedRow, InsertReport } from './outcome.ts'
