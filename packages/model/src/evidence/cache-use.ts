/** Commands to a cache (Redis, Memcached) as the service issued them: whole-population figures by route and place, and what became of the keys. */
import type { RouteName, Site } from '../place.ts'
import type { SerializedHistogram } from './histogram.ts'
import type { KeyReads } from './statements.ts'

/** Absent in runs of older versions; empty lists when the probe looked and no cache was used. */
export interface CacheTraffic {
  readonly uses: readonly CacheUse[]
  readonly keys: readonly CacheKeys[]
  readonly servers: readonly CacheClient[]
  /** Calls beyond the bounds, in no figure of `uses`. */
  readonly overflowed: number
}

export type CacheDriver = 'ioredis' | 'redis' | 'memjs'

/** One command on keys of one template from one place on one route. */
export interface CacheUse {
  /** Empty when it ran outside any request. */
  readonly route: RouteName
  readonly driver: CacheDriver
  /** Upper case as Redis names it, `GET`, `SETEX`, `DEL`; also for Memcached. */
  readonly command: string
  /** What varies is `{n}`, `{id}` or `{x}`: `product:{n}`. For `PUBLISH` the channel; empty for commands without a key. */
  readonly keyTemplate: string
  readonly site?: Site
  readonly calls: number
  /** Requests of the route in which it ran at least once. */
  readonly requests: number
  /** Of keys, in commands that read values: `MGET` of five keys counts five. */
  readonly hits: number
  readonly misses: number
  readonly errors: number
  /** Of values that were answered or sent, where they are text or bytes. */
  readonly valueBytes: number
  readonly maxValueBytes: number
  /** From the call to the answer, µs; with the offline queue and the wait in a pipeline. */
  readonly duration: SerializedHistogram
}

/** What became of the keys of one template, over all routes and processes. */
export interface CacheKeys {
  readonly keyTemplate: string
  readonly driver: CacheDriver
  /** Of each process, added up: a key that two processes use counts twice. Counted up to 5,000 a process. */
  readonly distinctKeys: number
  readonly hits: number
  readonly misses: number
  /** Of the misses, by what this process knew of the key: never seen; deleted by it; its TTL had run out; still alive as far as it knew. */
  readonly missesBy: {
    readonly unseen: number
    readonly deleted: number
    readonly expired: number
    readonly other: number
  }
  readonly sets: number
  /** By TTL, most frequent first, at most 16; `null` = none. Those of absolute times are rounded to seconds. */
  readonly ttls: readonly { readonly ttlMs: number | null; readonly sets: number }[]
  /** The second with most keys set, and what part of them had the most frequent TTL of that second. */
  readonly busiestSetSecond?: { readonly sets: number; readonly sameTtlFraction: number }
  /** Sets of a key whose value was known here, and of those the ones that wrote the same value again. */
  readonly refreshes: number
  readonly refreshesUnchanged: number
  /** Keys named in `DEL`, `UNLINK`, `GETDEL`. */
  readonly deletes: number
  readonly loads: CacheLoads
  /** Most read first, at most 10 a process. */
  readonly hot: readonly HotKey[]
  /** What a cache in front of this one would have seen; absent in runs of older versions. */
  readonly reads?: KeyReads
}

/** A load: a key was missed in a request, and that same request set it afterwards. */
export interface CacheLoads {
  readonly loads: number
  readonly totalMs: number
  readonly maxMs: number
  /** Misses in requests that ended without setting the key: nothing was found and that is not remembered, or nothing fills the cache here. */
  readonly unfilled: number
  /** Times two or more loads of one key overlapped in one process, and the loads in them. */
  readonly stampedes: number
  readonly stampedeLoads: number
  /** Most loads of one key at the same time in one process. */
  readonly maxConcurrent: number
  /** What the requests asked the database between miss and set, most frequent first, at most 8: the tables behind the key. */
  readonly statements: readonly { readonly statementId: string; readonly loads: number }[]
  /** Where the longest stampede came from. */
  readonly site?: Site
}

/** One key that one process reads often. */
export interface HotKey {
  readonly pid: number
  /** Equal hash = equal key; never the key itself. */
  readonly keyHash: string
  readonly reads: number
  readonly hits: number
  readonly sets: number
  /** In the busiest second. */
  readonly peakReadsPerSecond: number
  /** First and last read, epoch milliseconds. */
  readonly fromMs: number
  readonly toMs: number
  /** How often the value read or set differed from the one before. */
  readonly valueChanges: number
  readonly valueBytes: number
}

/** A server as the service's client is set up for it. */
export interface CacheClient {
  readonly driver: CacheDriver
  readonly mode: 'single' | 'cluster' | 'sentinel'
  readonly host: string
  readonly port: number
  readonly database?: number
  /** Clients made for it, over all processes. */
  readonly clients: number
  /** Connections opened, those after a loss included. */
  readonly connects: number
  /** Commands that waited because there was no connection. */
  readonly queuedOffline: number
  /** Absent = a command waits for ever. */
  readonly commandTimeoutMs?: number
  readonly connectTimeoutMs?: number
  /** ioredis `maxRetriesPerRequest`; null = for ever. */
  readonly maxRetries?: number | null
  readonly offlineQueue: boolean
  readonly site?: Site
}
