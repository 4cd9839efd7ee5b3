/** What a cache is told when it is made, and what it tells of itself. */
import type { Ctx } from '../../context.ts'
import type { MemoryCacheOptions } from '../memory/memory-cache.ts'
import type { LoadPolicy } from './load-policy.ts'
import type { SharedCounts, SharedOptions } from './shared/shared.ts'

/** Asks the origin. `undefined` says that it has no such thing. Gives up when `ctx` is cancelled: nobody waits any more, or it took too long. */
export type Loader<Value> = (ctx: Ctx) => Promise<Value> | Value

export interface CacheOptions extends Pick<
  MemoryCacheOptions<string, unknown>,
  'maxEntries' | 'maxBytes' | 'sizeOf' | 'policy'
> {
  /** In faults, events and metrics. Default `cache`. */
  readonly name?: string
  /** What calls do not say themselves. */
  readonly defaults?: LoadPolicy
  /** Invalidated tags remembered; beyond, what is as old as the oldest of them counts as invalidated. Default 10,000. */
  readonly maxTags?: number
  /** What it has in common with other processes. Default: nothing, it is this process's own. */
  readonly shared?: SharedOptions
  /** Milliseconds since 1970. Default: the system's, read about once a millisecond. */
  readonly clock?: () => number
  /** 0 to 1. Default `Math.random`. */
  readonly random?: () => number
}

/** Totals since it was made. */
export interface CacheCounts extends SharedCounts {
  hit: number
  /** Served fresh, and loaded anew before its end. */
  early: number
  /** Served past its end: at once, or because the load failed or took too long, and then it was a miss too. */
  stale: number
  /** Had to wait for a load, or found a remembered failure. */
  miss: number
  /** Misses that found their load under way. */
  coalesced: number
  /** Keys that the origin was asked for: of a load of many at once each counts, with the time of all. */
  loads: number
  failedLoads: number
  /** Of all loads together. */
  loadMs: number
  evicted: number
}
