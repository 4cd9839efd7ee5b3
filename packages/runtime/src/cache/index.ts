/** `@whetstone/runtime/cache`: answers kept close, for as long as they are true. The tier in memory needs nothing but Node. */
export * from './codec/index.ts'
export { Cache } from './core/cache.ts'
export { cached } from './core/cached.ts'
export type { CachedOptions } from './core/cached.ts'
export type { Duration } from './core/duration.ts'
export type { Explanation } from './core/explain.ts'
export type { SharedExplanation, TierExplanation } from './core/shared/explain-shared.ts'
export type { LoadPolicy } from './core/load-policy.ts'
export type { LookUp, Since } from './core/look-ups.ts'
export type { ManyLoader } from './core/many.ts'
export type { CacheEvent } from './core/events.ts'
export type { CacheEntry } from './core/kept.ts'
export type { CacheCounts, CacheOptions, Loader } from './core/options.ts'
export type { SharedCounts, SharedOptions } from './core/shared/shared.ts'
export { MemoryCache } from './memory/memory-cache.ts'
export type { Leaving, MemoryCacheCounts, MemoryCacheEntry, MemoryCacheOptions } from './memory/memory-cache.ts'
export type { PolicyName } from './memory/policies/named.ts'
export type { EvictionPolicy, Places, PolicyMaker } from './memory/policies/policy.ts'
export * from './write-back/index.ts'
export * from './metrics/index.ts'
export * from './patterns/index.ts'
export { loadSnapshot, saveSnapshot } from './warm/snapshot.ts'
export type { SnapshotOptions } from './warm/snapshot.ts'
export { everythingTag } from './tier.ts'
export type {
  EntryStamp,
  Invalidation,
  InvalidationBus,
  Lease,
  Leases,
  LoadOutcome,
  Lookup,
  Tier,
  TierEntry,
  Version,
} from './tier.ts'
