import type { CacheStampedeDrill, DrillsEvidence } from '@whetstone/model'
import { expect } from 'vitest'
import { cacheKeys, cacheLoads, cacheTraces, cacheUse, hotKey } from '../derive/testing/cache.ts'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import { siteAt, tracesOf } from '../derive/testing/evidence.ts'
import { cacheStampede } from './cache-stampede.ts'

const loadsOf = (more: Parameters<typeof cacheLoads>[0], hot = 0) =>
  cacheTraces({
    keys: [cacheKeys('product:{n}', { loads: cacheLoads(more), hot: hot > 0 ? [hotKey(hot)] : [] })],
    uses: [cacheUse('GET /products/:id', 'GET', 'product:{n}', { hits: 900, misses: 100, site: siteAt(7) })],
  })
/** 60 of 100 loads were for a key under way; the longest of them at a place of its own. */
const herd = { stampedes: 4, stampedeLoads: 64, maxConcurrent: 16, totalMs: 4_000, maxMs: 90, site: siteAt(9) }

const phase = { requests: 500, errors: 0, p50Ms: 2, p99Ms: 8, maxMs: 12 }
const drill = (loads: readonly number[], more: Partial<CacheStampedeDrill> = {}): DrillsEvidence => ({
  schema: 'drills@1',
  drills: [
    {
      kind: 'cache-stampede',
      keyTemplate: 'product:{n}',
      ratePerSecond: 500,
      rounds: loads.map(count => ({ misses: count + 2, loads: count, maxConcurrent: count })),
      usual: phase,
      afterwards: { ...phase, p99Ms: 96 },
      ...more,
    },
  ],
})

describePractice(cacheStampede, {
  silent: {
    'no cache': { traces: tracesOf([]) },
    'a cache that is only read': { traces: loadsOf({ loads: 0, totalMs: 0 }) },
    'every key loaded once': { traces: loadsOf({}) },
    'two loads that met by chance': { traces: loadsOf({ ...herd, maxConcurrent: 2 }) },
    'one stampede among many loads': { traces: loadsOf({ ...herd, stampedes: 1, stampedeLoads: 5 }) },
    'loads as cheap as the lookup': { traces: loadsOf({ ...herd, totalMs: 100 }) },
    'a key that is hot and was loaded once when it was taken away': {
      traces: loadsOf({ totalMs: 4_000 }, 5_000),
      drills: drill([1, 1, 1]),
    },
    'a stampede that was seen, and is gone in the drill': { traces: loadsOf(herd), drills: drill([1, 2, 1]) },
    'a hot key whose load is over before the next request': { traces: loadsOf({ totalMs: 100 }, 5_000) },
    'a slow load of a key that hardly anybody asks for': { traces: loadsOf({ totalMs: 4_000 }, 100) },
  },
  reports: {
    'many loads of one key at the same time': {
      evidence: { traces: loadsOf(herd) },
      finds: [
        {
          fingerprint: 'cache-stampede|GET /products/:id|src/orders.ts#load|product:{n}',
          practice: 'cache-stampede',
          title: 'Up to 16 requests load the same key of product:{n} at the same time',
          where: { route: 'GET /products/:id', site: siteAt(9), resource: 'product:{n}' },
          facts: [
            stated('loads of one key at the same time', 16, 'count', 'traces'),
            stated('loads beyond the first', 60, 'count', 'traces'),
            stated('of all loads of these keys', 0.6, 'fraction', 'traces'),
            stated('time of a load', 40, 'ms', 'traces'),
            stated('the longest load', 90, 'ms', 'traces'),
          ],
          confidence: 'strong',
          remedy: expect.objectContaining({ summary: 'Load each key of product:{n} once for all who wait for it.' }),
        },
      ],
    },
    'so many that the database is at risk': {
      evidence: { traces: loadsOf({ ...herd, maxConcurrent: 25 }) },
      finds: [expect.objectContaining({ risk: 'outage' })],
    },
    'a drill in which the key was loaded by all who asked': {
      evidence: { traces: loadsOf({ totalMs: 4_000 }, 5_000), drills: drill([18, 22, 20]) },
      finds: [
        expect.objectContaining({
          title: 'One key of product:{n} went away and was loaded 22 times',
          confidence: 'measured',
          risk: 'outage',
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([
              'Taken away 3 times under 500 requests a second, it was loaded 18, 22, 20 times; the p99 was then 12 times as long.',
            ]),
          }),
        }),
      ],
    },
    'a hot key that takes long to load and never went away: it asks for the drill': {
      evidence: { traces: loadsOf({ totalMs: 4_000 }, 5_000) },
      asks: [{ kind: 'cache-stampede', keyTemplate: 'product:{n}' }],
    },
  },
})
