/** What libraries inside the service count and tell on diagnostics channels: so far the caches in memory of @whetstone/runtime. */
export interface CountersEvidence {
  readonly schema: 'counters@1'
  readonly caches: readonly CacheCounters[]
}

/** One cache of one process, added in the window. */
export interface CacheCounters {
  readonly pid: number
  readonly name: string
  /** Answered from memory, fresh. */
  readonly hit: number
  /** Answered fresh, and loaded anew before its end. */
  readonly early: number
  /** Answered past its end, while it was loaded anew or because that failed. */
  readonly stale: number
  /** Had to wait for a load. */
  readonly miss: number
  /** Misses that found their load under way. */
  readonly coalesced: number
  readonly loads: number
  readonly failedLoads: number
  /** Of all loads together. */
  readonly loadMs: number
  /** 0 also where the library does not tell it. */
  readonly evicted: number
}
