/** Results of any length in the memory of two batches. */
export { ndjsonStream, csvStream } from './text-streams.ts'
export type { CsvStreamOptions } from './text-streams.ts'
export { RowBatches } from './row-batches.ts'
export type { StreamOptions } from './row-batches.ts'
export { streamRows } from './stream-rows.ts'
