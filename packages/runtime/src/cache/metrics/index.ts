/** What a cache does, in numbers. */
export { openMetrics, openMetricsContentType } from './open-metrics.ts'
export type { MeasuredCache, WatchedCache } from './open-metrics.ts'
export type { CountedKey } from './space-saving.ts'
export { watchTopKeys } from './top-keys.ts'
export type { TopKeys, TopKeysOptions } from './top-keys.ts'
