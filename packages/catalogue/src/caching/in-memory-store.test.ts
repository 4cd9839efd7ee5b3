import type { CacheTraffic, RedisKey, RedisMemory, RedisServerState } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import {
  cacheClient,
  cacheTraffic,
  cacheUse,
  countersOf,
  memoryCache,
  redisOf,
  redisServer,
} from '../derive/testing/cache.ts'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
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
const quick = { pings: 90, p50Ms: 0.3, p99Ms: 2, maxMs: 9, events: [] }
const starved = { ...quick, p50Ms: 25, p99Ms: 233 }
const logged = { thresholdMs: 10, entries: [] }
const hash = (members: number, more: Partial<RedisKey> = {}): RedisKey => ({
  keyTemplate: 'catalog',
  type: 'hash',
  bytes: members * 70,
  members,
  ...more,
})
const sampled = (...keys: readonly RedisKey[]) => ({ sample: { keys, complete: true } })
const reading = (command: string, keyTemplate = 'catalog') =>
  of({ uses: [cacheUse('GET /home', command, keyTemplate, { calls: 400, site: siteAt(7) })] })
const spent = (command: string, meanMs: number, calls = 400) => ({
  commands: [{ command, calls, totalMs: calls * meanMs, failed: 0 }],
})
const persisted = (latestForkMs: number) => ({
  persistence: { appendOnly: false, snapshots: true, lastSaveFailed: false, lastAppendFailed: false, latestForkMs },
})
const event = (name: string, latestMs: number) => ({
  latency: { ...quick, events: [{ event: name, latestMs, maxMs: 2 * latestMs }] },
})
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
    'a large hash of which single fields are read': { traces: reading('HGET'), redis: server(sampled(hash(30_000))) },
    'a large hash that a job reads outside of requests': {
      traces: of({ uses: [cacheUse('', 'HGETALL', 'catalog')] }),
      redis: server(sampled(hash(30_000))),
    },
    'a hash of a hundred fields read whole': { traces: reading('HGETALL'), redis: server(sampled(hash(100))) },
    'one large among many small ones, and the server spends no time on it': {
      traces: reading('HGETALL', 'user:{n}'),
      redis: server({
        ...sampled(...[30_000, 8, 9, 7].map(members => hash(members, { keyTemplate: 'user:{n}' }))),
        ...spent('HGETALL', 0.01),
      }),
    },
    'a page of a long list': {
      traces: reading('LRANGE'),
      redis: server({ ...sampled(hash(30_000, { type: 'list' })), ...spent('LRANGE', 0.002) }),
    },
    'a few calls, of which one waited for a CPU': {
      traces: reading('LRANGE'),
      redis: server({ ...sampled(hash(30_000, { type: 'list' })), ...spent('LRANGE', 4, 20) }),
    },
    'a fork of 20 ms': { traces: of(), redis: server(persisted(20)) },
    'a slow PING of a machine without a free CPU': {
      traces: of(),
      redis: server({ latency: starved, slowLog: logged }),
    },
    'a slow PING where the server tells nothing': { traces: of(), redis: server({ latency: starved }) },
    'a pause of which nobody would notice': { traces: of(), redis: server(event('expire-cycle', 12)) },
    'a slow command that its latency monitor counts without a name': {
      traces: of(),
      redis: server(event('command', 400)),
    },
  },
  reports: {
    'a hash of 30,000 fields read whole': {
      evidence: { traces: reading('HGETALL'), redis: server({ ...sampled(hash(30_000)), ...spent('HGETALL', 6) }) },
      finds: [
        {
          fingerprint: 'in-memory-store|GET /home|src/orders.ts#load|HGETALL catalog',
          practice: 'in-memory-store',
          title: 'HGETALL catalog reads up to 30,000 members at once',
          where: { route: 'GET /home', site: siteAt(7), resource: 'HGETALL catalog' },
          facts: [
            stated('members of the largest sampled', 30_000, 'count', 'redis'),
            stated('memory of the largest sampled', 2_100_000, 'bytes', 'redis'),
            stated('calls in the run', 400, 'count', 'traces'),
            stated('time the server takes for one HGETALL', 6, 'ms', 'redis'),
          ],
          confidence: 'strong',
          remedy: expect.objectContaining({ summary: 'Read the fields that a request needs, or a page of them.' }),
        },
      ],
    },
    'all of a long list, as the server knows': {
      evidence: {
        traces: reading('LRANGE'),
        redis: server({ ...sampled(hash(30_000, { type: 'list' })), ...spent('LRANGE', 2.5) }),
      },
      finds: [expect.objectContaining({ title: 'LRANGE catalog reads up to 30,000 members at once' })],
    },
    'a large set that is in the slow log is told once': {
      evidence: {
        traces: reading('SMEMBERS', 'members:{n}'),
        redis: server({
          ...sampled(hash(30_000, { type: 'set', keyTemplate: 'members:{n}' })),
          slowLog: slow('SMEMBERS', 42),
        }),
      },
      finds: [expect.objectContaining({ title: 'SMEMBERS members:{n} holds the server up for 42 ms' })],
    },
    'a fork of a third of a second': {
      evidence: { traces: of(), redis: server(persisted(330)) },
      finds: [expect.objectContaining({ title: 'The server answered nobody for 330 ms while it forked' })],
    },
    'keys that end all at once': {
      evidence: { traces: of(), redis: server(event('expire-cycle', 250)) },
      finds: [expect.objectContaining({ title: 'The server was held up by expire-cycle for 250 ms' })],
    },
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

describe('what is said of a server at ease', () => {
  const noteOf = (more: Partial<RedisServerState>) => outcomeOf(inMemoryStore, { traces: of(), redis: server(more) })

  it('is how it answers', () => {
    expect(noteOf({ latency: quick, slowLog: logged })).toMatchObject({
      kind: 'pass',
      note: 'redis 7.0.15 uses 50 MB and answers PING within 300 µs, p99 2.0 ms',
    })
  })

  it('tells a slow PING from a slow server', () => {
    expect(noteOf({ latency: starved, slowLog: logged })).toMatchObject({
      kind: 'pass',
      note: 'redis 7.0.15 uses 50 MB and answers PING within 25 ms, p99 233 ms; none of its commands took 10 ms, the rest is time outside of them',
    })
    // Nothing is known where it does not log, logs only what is slower, or may have lost an entry.
    for (const slowLog of [
      { ...logged, thresholdMs: -0.001 },
      { ...logged, thresholdMs: 0 },
      { ...logged, thresholdMs: 100 },
    ])
      expect(noteOf({ latency: starved, slowLog })).toMatchObject({
        kind: 'unknown',
        give: 'CONFIG SET slowlog-log-slower-than 10000',
      })
  })

  it('names the large key that no request was seen to read whole', () => {
    expect(noteOf({ latency: quick, ...sampled(hash(30_000), hash(50_000), hash(10)) })).toMatchObject({
      kind: 'pass',
      note: expect.stringMatching(
        /; no request was seen to read its largest keys whole \(catalog: 50,000 members, 3\.5 MB\)$/,
      ),
    })
  })
})
