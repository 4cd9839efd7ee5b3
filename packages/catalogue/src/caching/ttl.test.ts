import type { CacheKeys, RedisKey, RedisServerState } from '@whetstone/model'
import { expect } from 'vitest'
import { cacheKeys, cacheLoads, cacheTraces, cacheUse, redisOf, redisServer } from '../derive/testing/cache.ts'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import { siteAt, tracesOf } from '../derive/testing/evidence.ts'
import { ttl } from './ttl.ts'

/** Ten keys, each read every 500 ms for 20 s: a TTL of 100 ms never hits, one of 2 s three times of four. */
const reads = {
  keyFraction: 1,
  keys: Array.from({ length: 400 }, (_, at) => at % 10),
  atMs: Array.from({ length: 400 }, (_, at) => at * 50),
}
/** Of 300 values loaded again 3 had changed: no more than one change in ten seconds. */
const short: Partial<CacheKeys> = {
  distinctKeys: 10,
  hits: 80,
  misses: 320,
  missesBy: { unseen: 10, deleted: 0, expired: 310, other: 0 },
  sets: 320,
  ttls: [{ ttlMs: 200, sets: 320 }],
  refreshes: 300,
  refreshesUnchanged: 297,
  loads: cacheLoads({ loads: 320, totalMs: 6_400, statements: [{ statementId: 'q1', loads: 320 }] }),
  reads,
}
const of = (more: Partial<CacheKeys>) =>
  cacheTraces({
    keys: [cacheKeys('product:{n}', more)],
    uses: [cacheUse('GET /products/:id', 'GET', 'product:{n}', { hits: 80, misses: 320, site: siteAt(7) })],
  })

const sampled = (endless: number, others: number, more: Partial<RedisServerState> = {}) => {
  const key = (keyTemplate: string, ttlMs?: number): RedisKey => ({
    keyTemplate,
    type: 'string',
    bytes: 200,
    ...(ttlMs === undefined ? {} : { ttlMs }),
  })
  return redisOf(
    redisServer({
      memory: { usedBytes: 50e6, maxBytes: 0, policy: 'noeviction', peakBytes: 50e6 },
      sample: {
        keys: [
          ...Array.from({ length: endless }, () => key('product:{n}')),
          ...Array.from({ length: others }, () => key('session:{x}', 60_000)),
        ],
        complete: false,
      },
      ...more,
    }),
  )
}
const endless: Partial<CacheKeys> = { ttls: [{ ttlMs: null, sets: 100 }] }
const together: Partial<CacheKeys> = {
  sets: 500,
  ttls: [{ ttlMs: 60_000, sets: 500 }],
  busiestSetSecond: { sets: 450, sameTtlFraction: 1 },
}

describePractice(ttl, {
  silent: {
    'no cache': { traces: tracesOf([]) },
    'a cache that is only read': { traces: of({ sets: 0 }) },
    'nine hits of ten': { traces: of({ refreshes: 40, refreshesUnchanged: 40 }) },
    'too few reads to tell': { traces: of({ ...short, hits: 20, misses: 80 }) },
    'misses of keys that were never asked for before': {
      traces: of({ ...short, missesBy: { unseen: 300, deleted: 0, expired: 20, other: 0 } }),
    },
    'values loaded again too seldom to know them': { traces: of({ ...short, refreshes: 10, refreshesUnchanged: 10 }) },
    'values that change as often as they are loaded': { traces: of({ ...short, refreshesUnchanged: 150 }) },
    'a longer life would not be met by a read': {
      traces: of({ ...short, reads: { keyFraction: 1, keys: reads.keys.map((_, at) => at), atMs: reads.atMs } }),
    },
    'keys without an end that the server may evict': {
      traces: of(endless),
      redis: sampled(500, 500, { memory: redisServer().memory }),
    },
    'a few keys without an end': { traces: of(endless), redis: sampled(50, 950) },
    'few keys in all': {
      traces: of(endless),
      redis: sampled(60, 10, { keys: { total: 70, withTtl: 10, averageTtlMs: 1 } }),
    },
    'keys without an end that nobody loads: a store': {
      traces: of({ ...endless, loads: cacheLoads({ loads: 0, totalMs: 0 }) }),
      redis: sampled(500, 500),
    },
    'keys without an end, and nobody looked at the server': { traces: of(endless) },
    'keys set together, each with its own end': {
      traces: of({ ...together, busiestSetSecond: { sets: 450, sameTtlFraction: 0.1 } }),
    },
    'values that change in every load: it asks how old they may be': {
      traces: of({ refreshes: 40, refreshesUnchanged: 0 }),
    },
    'a busy second among many': { traces: of({ ...together, sets: 3_000 }) },
  },
  reports: {
    'a time to live that ends before anybody asks again': {
      evidence: { traces: of(short) },
      finds: [
        {
          fingerprint: 'ttl|GET /products/:id|src/orders.ts#load|product:{n}',
          practice: 'ttl',
          title: 'product:{n} lives for 200 ms and is loaded again unchanged: 20 % hits',
          where: { route: 'GET /products/:id', site: siteAt(7), resource: 'product:{n}' },
          facts: [
            stated('hits', 0.2, 'fraction', 'traces'),
            stated('time to live', 200, 'ms', 'traces'),
            stated('of the misses, keys that had ended', 0.9688, 'fraction', 'traces'),
            stated('loads that brought the same value', 0.99, 'fraction', 'traces'),
            stated('between two changes of a value, at least', 20_000, 'ms', 'traces'),
            stated('simulated hits, longer time to live', 0.75, 'fraction', 'traces'),
          ],
          confidence: 'strong',
          edit: {
            kind: 'trace',
            change: { kind: 'cache', statementId: 'q1', hitFraction: 0.6875, coldHitFraction: 0.6875 },
            route: 'GET /products/:id',
          },
          remedy: {
            summary: 'Let product:{n} live for 2.00 s, and delete it where it is changed.',
            steps: [
              '300 values were loaded again, 3 of them had changed.',
              'Simulated hits by time to live: 200 ms 0 %, 1.00 s 50 %, 2.00 s 75 %.',
              'Each miss takes 20 ms until its key is set again.',
              'An answer is then out of date in at most 5 % of the requests, where changes come at random and nobody deletes it.',
            ],
            code: expect.objectContaining({ before: `await redis.set(key, value, 'PX', 200)` }),
          },
        },
      ],
    },
    'keys that never end on a server that evicts none': {
      evidence: { traces: of(endless), redis: sampled(500, 500) },
      finds: [
        expect.objectContaining({
          title: 'About 5,000 keys of product:{n} never end, and the server evicts none of them',
          risk: 'leak',
        }),
      ],
    },
    'most keys set in one second, to end in one': {
      evidence: { traces: of(together) },
      finds: [
        expect.objectContaining({
          title: '450 keys of product:{n} were set in one second, to end in one',
          confidence: 'suspected',
        }),
      ],
    },
  },
})
