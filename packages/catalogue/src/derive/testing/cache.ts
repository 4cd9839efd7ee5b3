/** Caches and their servers as a run sees them, written as short tables. */
import type {
  CacheClient,
  CacheCounters,
  CacheKeys,
  CacheLoads,
  CacheTraffic,
  CacheUse,
  CountersEvidence,
  HotKey,
  RedisEvidence,
  RedisServerState,
  TracesEvidence,
} from '@whetstone/model'
import { histogramOf, tracesOf } from './evidence.ts'

export const cacheKeys = (keyTemplate: string, more: Partial<CacheKeys> = {}): CacheKeys => ({
  keyTemplate,
  driver: 'ioredis',
  distinctKeys: 100,
  hits: 900,
  misses: 100,
  missesBy: { unseen: more.misses ?? 100, deleted: 0, expired: 0, other: 0 },
  sets: more.misses ?? 100,
  ttls: [{ ttlMs: 60_000, sets: more.misses ?? 100 }],
  refreshes: 0,
  refreshesUnchanged: 0,
  deletes: 0,
  loads: cacheLoads(),
  hot: [],
  ...more,
})

export const cacheLoads = (more: Partial<CacheLoads> = {}): CacheLoads => ({
  loads: 100,
  totalMs: 1_000,
  maxMs: 30,
  unfilled: 0,
  stampedes: 0,
  stampedeLoads: 0,
  maxConcurrent: 1,
  statements: [],
  ...more,
})

export const cacheUse = (
  route: string,
  command: string,
  keyTemplate: string,
  more: Partial<CacheUse> = {},
): CacheUse => ({
  route,
  driver: 'ioredis',
  command,
  keyTemplate,
  calls: 1_000,
  requests: 1_000,
  hits: 0,
  misses: 0,
  errors: 0,
  valueBytes: 0,
  maxValueBytes: 0,
  duration: histogramOf([400]),
  ...more,
})

/** Read by one process for ten seconds. */
export const hotKey = (reads: number, more: Partial<HotKey> = {}): HotKey => ({
  pid: 100,
  keyHash: 'k1',
  reads,
  hits: reads,
  sets: 0,
  peakReadsPerSecond: reads / 10,
  fromMs: 0,
  toMs: 10_000,
  valueChanges: 0,
  valueBytes: 500,
  ...more,
})

export const cacheClient = (more: Partial<CacheClient> = {}): CacheClient => ({
  driver: 'ioredis',
  mode: 'single',
  host: '127.0.0.1',
  port: 6_379,
  clients: 1,
  connects: 1,
  queuedOffline: 0,
  offlineQueue: true,
  ...more,
})

export const cacheTraffic = (more: Partial<CacheTraffic> = {}): CacheTraffic => ({
  uses: [],
  keys: [],
  servers: [cacheClient()],
  overflowed: 0,
  ...more,
})

/** In the memory of one process: half of its reads are hits, and each miss is a load of 10 ms. */
export const memoryCache = (name: string, pid: number, more: Partial<CacheCounters> = {}): CacheCounters => ({
  pid,
  name,
  hit: 500,
  early: 0,
  stale: 0,
  miss: 500,
  coalesced: 0,
  loads: 500,
  failedLoads: 0,
  loadMs: 5_000,
  evicted: 0,
  ...more,
})

export const countersOf = (...caches: readonly CacheCounters[]): CountersEvidence => ({ schema: 'counters@1', caches })

/** No request in it: what is said of the cache alone. */
export const cacheTraces = (more: Partial<CacheTraffic> = {}): TracesEvidence =>
  tracesOf([], {}, { cache: cacheTraffic(more) })

export const redisServer = (more: Partial<RedisServerState> = {}): RedisServerState => ({
  product: 'redis',
  host: '127.0.0.1',
  port: 6_379,
  version: '7.0.15',
  mode: 'standalone',
  role: 'primary',
  uptimeMs: 86_400_000,
  windowMs: 10_000,
  memory: { usedBytes: 50e6, maxBytes: 100e6, policy: 'allkeys-lru', peakBytes: 60e6 },
  keys: { total: 10_000, withTtl: 10_000, averageTtlMs: 30_000 },
  counts: {
    hits: 9_000,
    misses: 1_000,
    evicted: 0,
    expired: 0,
    commands: 11_000,
    connections: 1,
    rejectedConnections: 0,
    errors: 0,
    inputBytes: 1e6,
    outputBytes: 5e6,
  },
  clients: { connected: 4, max: 10_000, blocked: 0 },
  commands: [],
  unavailable: {},
  ...more,
})

export const redisOf = (...servers: readonly RedisServerState[]): RedisEvidence => ({ schema: 'redis@1', servers })
