import type { CacheFailureDrill, DrillsEvidence } from '@whetstone/model'
import { expect, test } from 'vitest'
import { cacheClient, cacheTraces } from '../derive/testing/cache.ts'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import { siteAt, tracesOf } from '../derive/testing/evidence.ts'
import { cacheFailure } from './cache-failure.ts'

const phase = { requests: 500, errors: 0, p50Ms: 3, p99Ms: 20, maxMs: 40 }
const drills = (during: Partial<typeof phase>, more: Partial<CacheFailureDrill> = {}): DrillsEvidence => ({
  schema: 'drills@1',
  drills: [
    {
      kind: 'cache-failure',
      by: 'client-pause',
      pausedMs: 5_000,
      ratePerSecond: 100,
      before: phase,
      during: { ...phase, ...during },
      after: phase,
      routes: [],
      recoveredAfterMs: 12,
      ...more,
    },
  ],
})
const traces = cacheTraces({ servers: [cacheClient({ site: siteAt(3, 'src/cache.ts') })] })
const bounded = cacheTraces({ servers: [cacheClient({ commandTimeoutMs: 2_000 })] })
const hung = { errors: 480, p50Ms: 4_000, p99Ms: 10_000, maxMs: 10_000 }

describePractice(cacheFailure, {
  silent: {
    'no cache server': { traces: tracesOf([]), drills: { schema: 'drills@1', drills: [] } },
    'a cache in use by nobody': { traces: cacheTraces({ servers: [] }) },
    'a service that went on': { traces, drills: drills({ p99Ms: 90 }) },
    'as many errors as before': { traces, drills: drills({ errors: 5 }, { before: { ...phase, errors: 5 } }) },
    'one error of 500': { traces, drills: drills({ errors: 1 }) },
    'one error of twenty, which may be chance': { traces, drills: drills({ requests: 20, errors: 1 }) },
    'slower, as answers of the origin are': { traces, drills: drills({ p99Ms: 400 }) },
    'as slow as before': { traces, drills: drills({ p99Ms: 1_500 }, { before: { ...phase, p99Ms: 1_200 } }) },
  },
  reports: {
    'a service that hangs with its cache': {
      evidence: { traces, drills: drills(hung) },
      finds: [
        {
          fingerprint: 'cache-failure||src/cache.ts#load|cache failure',
          practice: 'cache-failure',
          title: 'With its cache standing still for 5.00 s, 96 % of the requests fail and the p99 is 10.0 s',
          where: { resource: 'cache failure', site: siteAt(3, 'src/cache.ts') },
          facts: [
            stated('errors while it stood still', 0.96, 'fraction', 'drills'),
            stated('errors before', 0, 'fraction', 'drills'),
            stated('p99 while it stood still', 10_000, 'ms', 'drills'),
            stated('p99 before', 20, 'ms', 'drills'),
            stated('requests while it stood still', 500, 'count', 'drills'),
            stated('until it answered again', 12, 'ms', 'drills'),
          ],
          confidence: 'measured',
          risk: 'outage',
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([
              'The client of 127.0.0.1:6379 lets commands wait for ever, and queues them while there is no connection.',
            ]),
          }),
        },
      ],
    },
    'answers that wait for the cache and then come': {
      evidence: { traces, drills: drills({ p99Ms: 5_000 }) },
      finds: [expect.objectContaining({ practice: 'cache-failure' })],
    },
    'a timeout that is too long, and never comes back': {
      evidence: {
        traces: bounded,
        drills: drills(hung, {
          recoveredAfterMs: undefined as never,
          routes: ['GET /a', 'GET /b'].map((route, at) => ({
            route,
            before: phase,
            during: { ...phase, errors: at * 400 },
            after: phase,
          })),
        }),
      },
      finds: [
        expect.objectContaining({
          where: { resource: 'cache failure' },
          remedy: expect.objectContaining({
            steps: [
              'GET /b suffers most: 80 % fail, p99 20 ms.',
              'It did not come back by itself once the cache answered again.',
              expect.stringContaining('a set that throws'),
              expect.stringContaining('A cache is there to be fast'),
            ],
          }),
        }),
      ],
    },
    'a client of node-redis is told in its words': {
      evidence: { traces: cacheTraces({ servers: [cacheClient({ driver: 'redis' })] }), drills: drills(hung) },
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({
            code: expect.objectContaining({ before: 'const client = createClient({ url })' }),
          }),
        }),
      ],
    },
    'a cache that nobody took away yet: it asks for the drill': {
      evidence: { traces },
      asks: [{ kind: 'cache-failure' }],
    },
    'half of forty requests, at eight a second': {
      evidence: { traces, drills: drills({ ...hung, requests: 40, errors: 17, p99Ms: 900 }) },
      finds: [expect.objectContaining({ risk: 'outage' })],
    },
  },
})

test('a drill with too few requests was carried out, and says how many they were', () => {
  const rare = { traces, drills: drills({ ...hung, requests: 19, errors: 10 }) }
  expect(outcomeOf(cacheFailure, rare)).toMatchObject({
    kind: 'unknown',
    why: 'only 19 requests were sent while the cache stood still',
  })
})
