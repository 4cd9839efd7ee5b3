/** The ways of a cache with its origin, by their names. Read-through is `cached`. */
export { cacheAside } from './cache-aside.ts'
export type { CacheAside, CacheAsideOptions } from './cache-aside.ts'
export { refreshAhead } from './refresh-ahead.ts'
export type { RefreshAheadOptions } from './refresh-ahead.ts'
export { writeThrough } from './write-through.ts'
export type { WriteThrough, WriteThroughOptions } from './write-through.ts'
export { writtenBack } from './written-back.ts'
export type { WrittenBack, WrittenBackOptions } from './written-back.ts'
