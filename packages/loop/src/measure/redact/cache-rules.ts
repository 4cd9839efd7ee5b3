/** The rules for what cache servers say of themselves, and for what libraries count. */
import type {
  CacheCounters,
  CountersEvidence,
  RedisClients,
  RedisCommand,
  RedisCounts,
  RedisEvidence,
  RedisKey,
  RedisKeyCounts,
  RedisKeySample,
  RedisLatency,
  RedisMemory,
  RedisPersistence,
  RedisServerState,
  RedisSlowEntry,
  RedisSlowLog,
} from '@whetstone/model'
import { command, keyTemplate } from './trace-rules.ts'
import { alias, blank, figure, key, list, name, object, record, schema, version, word } from './rules.ts'

export const redis = object<RedisEvidence>({
  schema,
  servers: list(
    object<RedisServerState>({
      product: word,
      host: alias('host'),
      port: figure,
      version,
      mode: word,
      role: word,
      uptimeMs: figure,
      windowMs: figure,
      memory: object<RedisMemory>({
        usedBytes: figure,
        maxBytes: figure,
        policy: word,
        peakBytes: figure,
        fragmentation: figure,
      }),
      keys: object<RedisKeyCounts>({ total: figure, withTtl: figure, averageTtlMs: figure }),
      counts: object<RedisCounts>({
        hits: figure,
        misses: figure,
        evicted: figure,
        expired: figure,
        commands: figure,
        connections: figure,
        rejectedConnections: figure,
        errors: figure,
        inputBytes: figure,
        outputBytes: figure,
      }),
      clients: object<RedisClients>({ connected: figure, max: figure, blocked: figure }),
      commands: list(object<RedisCommand>({ command, calls: figure, totalMs: figure, failed: figure })),
      persistence: object<RedisPersistence>({
        appendOnly: figure,
        snapshots: figure,
        lastSaveFailed: figure,
        lastAppendFailed: figure,
        latestForkMs: figure,
      }),
      slowLog: object<RedisSlowLog>({
        thresholdMs: figure,
        entries: list(
          object<RedisSlowEntry>({ command, keyTemplate, arguments: figure, durationMs: figure, atMs: figure }),
        ),
      }),
      latency: object<RedisLatency>({
        pings: figure,
        p50Ms: figure,
        p99Ms: figure,
        maxMs: figure,
        events: list(object<RedisLatency['events'][number]>({ event: word, latestMs: figure, maxMs: figure })),
      }),
      sample: object<RedisKeySample>({
        keys: list(object<RedisKey>({ keyTemplate, type: word, bytes: figure, ttlMs: figure, members: figure })),
        complete: figure,
      }),
      unavailable: record(key(name), blank),
    }),
  ),
})

export const counters = object<CountersEvidence>({
  schema,
  caches: list(
    object<CacheCounters>({
      pid: figure,
      name: alias('cache'),
      hit: figure,
      early: figure,
      stale: figure,
      miss: figure,
      coalesced: figure,
      loads: figure,
      failedLoads: figure,
      loadMs: figure,
      evicted: figure,
    }),
  ),
})
