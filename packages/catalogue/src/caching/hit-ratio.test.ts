import { expect } from 'vitest'
import {
  cacheKeys,
  cacheLoads,
  cacheTraces,
  cacheUse,
  countersOf,
  memoryCache,
  redisOf,
  redisServer,
} from '../derive/testing/cache.ts'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import { siteAt, tracesOf } from '../derive/testing/evidence.ts'
import { hitRatio } from './hit-ratio.ts'

const evicting = redisServer({
  memory: { usedBytes: 2e6, maxBytes: 2e6, policy: 'allkeys-lru', peakBytes: 2e6 },
  keys: { total: 200, withTtl: 200, averageTtlMs: 30_000 },
  counts: { ...redisServer().counts, hits: 400, misses: 600, evicted: 500 },
})
/** Of each 100 reads 40 are hits, and of the 60 others nearly all had been set before. */
const evictedKeys = cacheKeys('product:{n}', {
  distinctKeys: 1_000,
  hits: 400,
  misses: 600,
  missesBy: { unseen: 50, deleted: 0, expired: 0, other: 550 },
  loads: cacheLoads({ loads: 600, totalMs: 6_000, statements: [{ statementId: 'q1', loads: 600 }] }),
})
const evicted = cacheTraces({
  keys: [evictedKeys],
  uses: [cacheUse('GET /products/:id', 'GET', 'product:{n}', { hits: 400, misses: 600, site: siteAt(7) })],
})
const missing = (missesBy: Partial<typeof evictedKeys.missesBy>, more: Partial<typeof evictedKeys> = {}) =>
  cacheTraces({
    keys: [{ ...evictedKeys, missesBy: { unseen: 0, deleted: 0, expired: 0, other: 0, ...missesBy }, ...more }],
  })

const small = memoryCache('prices', 100, { evicted: 400 })

describePractice(hitRatio, {
  silent: {
    'no cache': { traces: tracesOf([]) },
    'a cache that answers nine of ten': {
      traces: cacheTraces({ keys: [cacheKeys('product:{n}')] }),
      redis: redisOf(evicting),
    },
    'too few reads to tell': {
      traces: cacheTraces({ keys: [{ ...evictedKeys, hits: 40, misses: 60 }] }),
      redis: redisOf(evicting),
    },
    'keys that are asked for the first time': { traces: missing({ unseen: 600 }), redis: redisOf(evicting) },
    'keys whose time to live ran out, which is its own matter': {
      traces: missing({ expired: 600 }),
      redis: redisOf(evicting),
    },
    'keys the service deletes itself': { traces: missing({ deleted: 600 }), redis: redisOf(evicting) },
    'keys that somebody took away, where nothing is evicted': { traces: evicted, redis: redisOf(redisServer()) },
    'keys that somebody took away, and nobody looked at the server': { traces: evicted },
    'tokens of strangers, which nobody ever sets': {
      traces: missing({ unseen: 600 }, { sets: 0, loads: cacheLoads({ loads: 0, totalMs: 0, unfilled: 600 }) }),
    },
    'a cache in memory that fills': {
      traces: tracesOf([]),
      counters: countersOf({ ...small, evicted: 0 }),
    },
    'a cache in memory that answers nine of ten and is full': {
      traces: tracesOf([]),
      counters: countersOf({ ...small, hit: 4_500 }),
    },
    'a server nobody saw the keys of, and it evicts nothing': {
      traces: tracesOf([]),
      redis: redisOf(redisServer({ counts: { ...evicting.counts, evicted: 0 } })),
    },
  },
  reports: {
    'keys that are evicted before they are asked for again': {
      evidence: { traces: evicted, redis: redisOf(evicting) },
      finds: [
        {
          fingerprint: 'hit-ratio|GET /products/:id|src/orders.ts#load|product:{n}',
          practice: 'hit-ratio',
          title: '95 % of the reads could be hits, 40 % are: the keys are evicted before they are asked for again',
          where: { route: 'GET /products/:id', site: siteAt(7), resource: 'product:{n}' },
          facts: [
            stated('hits', 0.4, 'fraction', 'traces'),
            stated('keys asked for', 1_000, 'count', 'traces'),
            stated('different keys', 1_000, 'count', 'traces'),
            stated('hits with room for all keys', 0.95, 'fraction', 'traces'),
            stated('misses of keys that had been set and had not ended', 550, 'count', 'traces'),
            stated('keys evicted', 500, 'count', 'redis'),
            stated('memory allowed', 2e6, 'bytes', 'redis'),
          ],
          confidence: 'strong',
          edit: {
            kind: 'trace',
            change: { kind: 'cache', statementId: 'q1', hitFraction: 550 / 600, coldHitFraction: 550 / 600 },
            route: 'GET /products/:id',
          },
          remedy: {
            summary: 'Give the cache room for its 1,000 keys of product:{n}.',
            steps: expect.arrayContaining(['Kept whole, what was asked for would take about 10 MB.']),
            code: expect.objectContaining({ after: expect.stringContaining(`'maxmemory', '15mb'`) }),
          },
        },
      ],
    },
    'misses that never fill the cache': {
      evidence: {
        traces: missing({ unseen: 100, other: 500 }, { loads: cacheLoads({ loads: 100, unfilled: 500 }) }),
      },
      finds: [
        expect.objectContaining({
          title: '83 % of the gets of product:{n} that missed are followed by no set: whoever asks again misses again',
          confidence: 'suspected',
          remedy: expect.objectContaining({
            summary: 'Set what was loaded; where there is nothing, remember that for a short time.',
          }),
        }),
      ],
    },
    'a cache in memory that is too small, told once for all its processes': {
      evidence: { traces: tracesOf([]), counters: countersOf(small, { ...small, pid: 101 }) },
      finds: [
        expect.objectContaining({
          fingerprint: 'hit-ratio|||cache prices',
          title: 'The cache prices answers 50 %, and throws out 800 entries to make room',
          remedy: expect.objectContaining({
            steps: expect.arrayContaining(['80 % of the loads in 2 processes pushed another entry out.']),
          }),
        }),
      ],
    },
    'a server that evicts, seen from outside only': {
      evidence: { traces: tracesOf([]), redis: redisOf(evicting) },
      finds: [expect.objectContaining({ fingerprint: 'hit-ratio|||redis 127.0.0.1:6379', confidence: 'suspected' })],
    },
  },
})
