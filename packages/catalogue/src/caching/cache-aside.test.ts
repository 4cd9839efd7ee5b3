import type { CacheLoads, Evidence, Span, Trace } from '@whetstone/model'
import { expect, it } from 'vitest'
import { cacheKeys, cacheLoads, cacheTraffic, cacheUse } from '../derive/testing/cache.ts'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { query, siteAt, statement, statementsOf, times, trace, tracesOf, use } from '../derive/testing/evidence.ts'
import {
  evenKeys,
  hotEdit,
  hotFacts,
  hotReads,
  hotRoute,
  newKeys,
  someLoad,
  unnotedReads,
} from '../derive/testing/hot-reads.ts'
import { cacheAside } from './cache-aside.ts'

const hot = hotReads()

const load = statement('row', 'SELECT name FROM products WHERE id = $1', { tables: ['products'] })
const command = (name: string, more: Partial<Span> = {}): Span => ({
  id: 0,
  kind: 'cache',
  name: `${name} product:{n}`,
  command: name,
  keyTemplate: 'product:{n}',
  startMs: 1,
  durationMs: 0.4,
  site: siteAt(12),
  ...more,
})
const missed = command('GET', { hit: false })

/** A hundred misses of a thousand reads; the sampled request is one of those. */
function cached(loads: Partial<CacheLoads>, spans: readonly Span[], more: Partial<Trace> = {}): Evidence {
  const keys = cacheKeys('product:{n}', {
    loads: cacheLoads({ statements: [{ statementId: 'row', loads: loads.loads ?? 100 }], ...loads }),
  })
  const get = cacheUse(hotRoute, 'GET', 'product:{n}', { hits: 900, misses: 100, site: siteAt(12) })
  return {
    traces: tracesOf(
      times(5, trace(hotRoute, 6, spans, more)),
      {},
      { cache: cacheTraffic({ keys: [keys], uses: [get] }) },
    ),
    statements: { ...statementsOf([load], [use(hotRoute, 'row', 100, 400, { site: siteAt(14) })]), reads: [] },
  }
}
const nothingFound = [missed, query('row', 2, 4, { rows: 0 })]
const failedGet = command('GET', { failed: true })

describePractice(cacheAside, {
  silent: {
    'nobody noted the keys': unnotedReads,
    'every read asks for another key': hotReads({ keys: newKeys }),
    'a row is written for every five reads': hotReads({ writes: 60 }),
    'a lookup by its key': hotReads({ totalMs: 120, requestMs: 1 }),
    'the load draws all keys alike': { ...hotReads({ keys: evenKeys }), 'load-curve': someLoad },
    'the read fills a cache already': {
      ...hot,
      traces: {
        ...hot.traces,
        cache: cacheTraffic({
          keys: [cacheKeys('product:{n}', { loads: cacheLoads({ statements: [{ statementId: 'sum', loads: 100 }] }) })],
        }),
      },
      statements: {
        ...hot.statements,
        uses: hot.statements.uses.map(one => ({ ...one, calls: 110, requests: 110, totalMs: 1_100 })),
      },
    },
    'every miss is filled': cached({}, [missed, query('row', 2, 4, { rows: 1 }), command('SET')]),
    'a few keys are not there': cached({ loads: 90, unfilled: 10 }, nothingFound),
    'many misses, but hardly any of them unfilled': cached({ loads: 1_000, unfilled: 60 }, nothingFound),
    'what was missed is found and kept elsewhere': cached({ loads: 60, unfilled: 40 }, [
      missed,
      query('row', 2, 4, { rows: 1 }),
    ]),
    'that there is none is remembered': cached({ loads: 60, unfilled: 40 }, [...nothingFound, command('SET')]),
    'the load of what was missed failed': cached({ loads: 60, unfilled: 40 }, [
      missed,
      query('row', 2, 4, { rows: 0, failed: true }),
    ]),
    'the request that missed failed': cached({ loads: 60, unfilled: 40 }, nothingFound, { statusCode: 500 }),
    'the cache failed and the request went on': cached({}, [failedGet, query('row', 2, 4, { rows: 1 })]),
    'the database failed too': cached({}, [failedGet, query('row', 2, 4, { failed: true })], { statusCode: 500 }),
  },
  reports: {
    'a hot product is read for every request': {
      evidence: hot,
      finds: [
        {
          fingerprint: 'cache-aside|GET /products/:id|sum|',
          practice: 'cache-aside',
          title: '100 % of the reads that take 83 % of the route could come from a cache',
          where: { route: hotRoute, statementId: 'sum', site: siteAt(7) },
          facts: hotFacts,
          confidence: 'strong',
          edit: hotEdit,
          remedy: {
            summary: expect.stringContaining('for 60.0 s'),
            steps: [
              expect.stringMatching(/^Simulated hits by size: 10 /),
              expect.stringContaining('no such row'),
              expect.stringContaining('catch its errors'),
              expect.stringContaining('Delete the key'),
            ],
            code: expect.objectContaining({ after: expect.stringContaining('max: 10000, ttl: 60000') }),
          },
        },
      ],
    },
    'it is read past the cache that the service has': {
      evidence: { ...hot, traces: { ...hot.traces, cache: cacheTraffic() }, 'load-curve': someLoad },
      finds: [
        expect.objectContaining({
          confidence: 'suspected',
          remedy: expect.objectContaining({
            steps: expect.arrayContaining(['The service can reach one already: Redis at 127.0.0.1:6379.']),
            code: expect.objectContaining({ after: expect.stringContaining("'PX', 60000") }),
          }),
        }),
      ],
    },
    'what is not there is asked for again and again': {
      evidence: cached({ loads: 60, unfilled: 40 }, nothingFound),
      finds: [
        {
          fingerprint: 'cache-aside|GET /products/:id|src/orders.ts#load|product:{n}',
          practice: 'cache-aside',
          title: '40 % of the misses of product:{n} find nothing, and ask the database again each time',
          where: { route: hotRoute, site: siteAt(12), resource: 'product:{n}' },
          facts: [
            expect.objectContaining({ label: 'misses that were never filled', quantity: { value: 40, unit: 'count' } }),
            expect.objectContaining({ label: 'of the misses', quantity: { value: 0.4, unit: 'fraction' } }),
            expect.objectContaining({ label: 'misses', quantity: { value: 100, unit: 'count' } }),
            expect.objectContaining({ label: 'time per read', quantity: { value: 4, unit: 'ms' } }),
          ],
          confidence: 'strong',
          edit: {
            kind: 'trace',
            change: { kind: 'cache', statementId: 'row', hitFraction: 0.4, coldHitFraction: 0 },
            route: hotRoute,
          },
          remedy: {
            summary: 'Remember for a short time that product:{n} is not there.',
            steps: expect.arrayContaining(['40 requests missed, asked the database, got no row and set nothing.']),
            code: expect.objectContaining({ language: 'ts' }),
          },
        },
      ],
    },
    'requests fail because their cache did': {
      evidence: cached({}, [failedGet], { statusCode: 500 }),
      finds: [
        {
          fingerprint: 'cache-aside|GET /products/:id|src/orders.ts#load|product:{n}',
          practice: 'cache-aside',
          title: '5 sampled requests failed because the cache did',
          where: { route: hotRoute, site: siteAt(12), resource: 'product:{n}' },
          facts: [expect.objectContaining({ quantity: { value: 5, unit: 'count' } })],
          confidence: 'strong',
          risk: 'outage',
          remedy: {
            summary: 'Treat a failed GET as a miss.',
            steps: [expect.stringContaining('never wrong'), expect.stringContaining('of a write that is committed')],
            code: expect.objectContaining({ language: 'ts' }),
          },
        },
      ],
    },
  },
})

it('says what is in place, and asks where it cannot tell', () => {
  expect(outcomeOf(cacheAside, cached({}, [missed, command('SET')]))).toMatchObject({
    kind: 'pass',
    note: 'product:{n} is loaded by who misses it',
    because: [
      { label: 'hits', quantity: { value: 0.9 } },
      { label: 'loads' },
      { label: 'time per load', quantity: { value: 10, unit: 'ms' } },
      { label: 'usual time to live', quantity: { value: 60_000, unit: 'ms' } },
    ],
  })
  const elsewhere = cached({ loads: 60, unfilled: 40 }, [missed, query('row', 2, 4, { rows: 1 })])
  expect(outcomeOf(cacheAside, elsewhere)).toMatchObject({
    kind: 'ask',
    question: expect.stringContaining('40 misses of product:{n} were followed by no set'),
  })
})
