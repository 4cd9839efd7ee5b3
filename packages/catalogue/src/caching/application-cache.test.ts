import type { CacheKeys, CacheUse } from '@whetstone/model'
import { expect } from 'vitest'
import { cacheKeys, cacheTraffic, cacheUse, hotKey } from '../derive/testing/cache.ts'
import { describePractice, stated } from '../derive/testing/describe-practice.ts'
import { histogramOf, siteAt, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { applicationCache } from './application-cache.ts'

/** A thousand requests of 2 ms, of which the read takes 0.5; the same key for ten seconds. */
const of = (more: Partial<CacheKeys> = {}, use: Partial<CacheUse> = {}, requestMs = 2) =>
  tracesOf(
    times(1_000, trace('GET /home', requestMs, [])),
    {},
    {
      cache: cacheTraffic({
        keys: [
          cacheKeys('settings', {
            distinctKeys: 1,
            hits: 1_000,
            misses: 0,
            hot: [hotKey(1_000, { valueBytes: 40_000 })],
            ...more,
          }),
        ],
        uses: [
          cacheUse('GET /home', 'GET', 'settings', {
            hits: 1_000,
            site: siteAt(4),
            duration: histogramOf(Array.from({ length: 1_000 }, () => 500)),
            ...use,
          }),
        ],
      }),
    },
  )
const reads = (differentKeys: number) => ({
  keyFraction: 1,
  keys: Array.from({ length: 1_000 }, (_, at) => at % differentKeys),
  atMs: Array.from({ length: 1_000 }, (_, at) => at * 10),
})

describePractice(applicationCache, {
  silent: {
    'no cache on the network': { traces: tracesOf([]) },
    'a key that is read ten times a second': { traces: of({ hot: [hotKey(100)] }) },
    'many keys, none of them hot': { traces: of({ hot: [] }) },
    'a value that changes with nearly every second': { traces: of({ hot: [hotKey(1_000, { valueChanges: 12 })] }) },
    'a burst of a second': { traces: of({ hot: [hotKey(1_000, { toMs: 1_000 })] }) },
    'a hot key among many others that hardly come again': {
      traces: of({ hits: 20_000, hot: [hotKey(1_000)] }),
    },
    'a simulation in which hardly a key comes again': { traces: of({ reads: reads(600) }) },
    'a read that takes next to nothing of its route': { traces: of({}, {}, 50) },
  },
  reports: {
    'one key fetched for every request': {
      evidence: { traces: of({ reads: reads(1) }) },
      finds: [
        {
          fingerprint: 'application-cache|GET /home|src/orders.ts#load|settings',
          practice: 'application-cache',
          title: 'One key of settings is fetched 100 times a second and hardly changes',
          where: { route: 'GET /home', site: siteAt(4), resource: 'settings' },
          facts: [
            stated('reads of one key by one process', 100, 'per-second', 'traces'),
            stated('changes of its value', 0, 'count', 'traces'),
            stated('simulated hits of a copy in the process', 0.99, 'fraction', 'traces'),
            stated('time of a read, p50', 0.5, 'ms', 'traces'),
            stated('of the time of the route', 0.25, 'fraction', 'traces'),
            stated('bytes of a value', 40_000, 'bytes', 'traces'),
          ],
          confidence: 'strong',
          edit: {
            kind: 'trace',
            change: { kind: 'near-cache', keyTemplate: 'settings', hitFraction: 0.99, coldHitFraction: 0.99 },
            route: 'GET /home',
          },
          remedy: expect.objectContaining({
            summary: 'Keep settings in the process for 1.00 s, in front of the shared cache.',
          }),
        },
      ],
    },
    'of several processes only what is known of each key': {
      evidence: {
        traces: of({ hits: 2_000, hot: [hotKey(1_000), hotKey(1_000, { pid: 101 })], reads: reads(600) }),
      },
      finds: [
        expect.objectContaining({
          edit: {
            kind: 'trace',
            change: { kind: 'near-cache', keyTemplate: 'settings', hitFraction: 0.989, coldHitFraction: 0.989 },
            route: 'GET /home',
          },
        }),
      ],
    },
  },
})
