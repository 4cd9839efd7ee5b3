import type { CacheTraffic, RedisMemory, RedisServerState } from '@whetstone/model'
import { expect } from 'vitest'
import {
  cacheClient,
  cacheTraffic,
  cacheUse,
  countersOf,
  memoryCache,
  redisOf,
  redisServer,
} from '../derive/testing/cache.ts'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import { siteAt, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { inMemoryStore } from './in-memory-store.ts'

/** A thousand requests. */
const of = (more: Partial<CacheTraffic> = {}) =>
  tracesOf(times(1_000, trace('GET /home', 2, [])), {}, { cache: cacheTraffic(more) })
const server = (more: Partial<RedisServerState> = {}) => redisOf(redisServer(more))
const full = (policy: string): RedisMemory => ({ usedBytes: 95e6, maxBytes: 100e6, policy, peakBytes: 96e6 })
const slow = (command: string, durationMs: number) => ({
  thresholdMs: 10,
  entries: [{ command, keyTemplate: command === 'KEYS' ? '' : 'members:{n}', arguments: 2, durationMs, atMs: 0 }],
})
const walking = of({ uses: [cacheUse('GET /home', 'KEYS', '', { calls: 40, site: siteAt(4) })] })
const prices = (pid: number) => memoryCache('prices', pid)
const { counts, clients } = redisServer()

describePractice(inMemoryStore, {
  silent: {
    'no cache server': { traces: tracesOf([]) },
    'one process with a cache of its own': {
      traces: tracesOf([]),
      counters: countersOf(prices(100)),
    },
    'two processes with copies: it asks whether they may differ': {
      traces: tracesOf([]),
      counters: countersOf(prices(100), prices(101)),
    },
    'a server at ease': { traces: of(), redis: server() },
    'a server nobody may look at': { traces: of() },
    'KEYS on a server with a hundred keys': {
      traces: walking,
      redis: server({ keys: { total: 100, withTtl: 100, averageTtlMs: 1 } }),
    },
    'a few clients for a thousand requests': { traces: of({ servers: [cacheClient({ clients: 8, connects: 8 })] }) },
    'a full memory from which anything may be evicted': {
      traces: of(),
      redis: server({ memory: full('allkeys-lru') }),
    },
    'a full memory of keys that all end': { traces: of(), redis: server({ memory: full('volatile-lru') }) },
    'noeviction, half full': {
      traces: of(),
      redis: server({ memory: { ...full('noeviction'), usedBytes: 50e6 } }),
    },
    'noeviction without a limit': { traces: of(), redis: server({ memory: { ...full('noeviction'), maxBytes: 0 } }) },
    'a full memcached, which always evicts': {
      traces: of(),
      redis: server({ product: 'memcached', memory: full('') }),
    },
    'a slow command below ten milliseconds': { traces: of(), redis: server({ slowLog: slow('SMEMBERS', 8) }) },
    'values of a hundred kilobytes': {
      traces: of({ uses: [cacheUse('GET /home', 'GET', 'page:{n}', { hits: 1_000, valueBytes: 1e8 })] }),
    },
  },
  reports: {
    'KEYS in a request': {
      evidence: {
        traces: walking,
        redis: server({
          commands: [{ command: 'KEYS', calls: 40, totalMs: 480, failed: 0 }],
          slowLog: slow('KEYS', 15),
        }),
      },
      finds: [
        {
          fingerprint: 'in-memory-store|GET /home|src/orders.ts#load|KEYS',
          practice: 'in-memory-store',
          title: 'KEYS walks 10,000 keys in a request, while everybody waits',
          where: { route: 'GET /home', site: siteAt(4), resource: 'KEYS' },
          facts: [
            stated('KEYS in the run', 40, 'count', 'traces'),
            stated('keys on the server', 10_000, 'count', 'redis'),
            stated('time the server is held up by one', 12, 'ms', 'redis'),
          ],
          confidence: 'strong',
          remedy: expect.objectContaining({
            summary: 'Keep the names in a set of their own, or look for them with SCAN.',
          }),
        },
      ],
    },
    'a command that the server found slow': {
      evidence: { traces: of(), redis: server({ slowLog: slow('SMEMBERS', 42) }) },
      finds: [expect.objectContaining({ title: 'SMEMBERS members:{n} holds the server up for 42 ms' })],
    },
    'values of two megabytes': {
      evidence: {
        traces: of({
          uses: [
            cacheUse('GET /home', 'GET', 'page:{n}', { calls: 100, hits: 100, valueBytes: 2e8, maxValueBytes: 3e6 }),
          ],
        }),
      },
      finds: [expect.objectContaining({ title: 'GET page:{n} brings 2 MB each time' })],
    },
    'a client for each request': {
      evidence: { traces: of({ servers: [cacheClient({ clients: 1_000, connects: 1_000, site: siteAt(9) })] }) },
      finds: [
        expect.objectContaining({
          fingerprint: 'in-memory-store||src/orders.ts#load|cache clients',
          title: '1 new client of the cache server per request',
        }),
      ],
    },
    'a full memory from which nothing may be evicted': {
      evidence: { traces: of(), redis: server({ memory: full('noeviction') }) },
      finds: [
        expect.objectContaining({
          title: 'The memory of the server is 95 % full, and noeviction may evict nothing',
          risk: 'outage',
        }),
      ],
    },
    'connections that run out': {
      evidence: { traces: of(), redis: server({ clients: { ...clients, connected: 9_500 } }) },
      finds: [expect.objectContaining({ title: '9,500 of 10,000 connections of the server are taken' })],
    },
    'a snapshot that could not be written, and connections refused': {
      evidence: {
        traces: of(),
        redis: server({
          counts: { ...counts, rejectedConnections: 3 },
          persistence: {
            appendOnly: false,
            snapshots: true,
            lastSaveFailed: true,
            lastAppendFailed: false,
            latestForkMs: 2,
          },
        }),
      },
      finds: [expect.objectContaining({ risk: 'outage' }), expect.objectContaining({ risk: 'loss' })],
    },
  },
})
