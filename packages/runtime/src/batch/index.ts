/** `@whetstone/runtime/batch`: many small questions, asked as few large ones. Needs nothing but Node. */
export { batched } from './batched.ts'
export type { Batched, BatchedOptions, BatchLoader, Missing } from './batched.ts'
export type { BatchCounts, BatchLoaded } from './collector.ts'
export type { Loaded } from './deal.ts'
export { identityOf } from './identity.ts'
export type { Identity } from './identity.ts'
export { DataLoader } from './data-loader.ts'
export type { BatchLoadFunction, DataLoaderOptions, LoaderCacheMap } from './data-loader.ts'
