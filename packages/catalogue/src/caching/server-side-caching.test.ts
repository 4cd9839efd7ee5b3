import type { SourceEvidence } from '@whetstone/model'
import { expect, it } from 'vitest'
import { cacheTraffic } from '../derive/testing/cache.ts'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { siteAt, statement } from '../derive/testing/evidence.ts'
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
import { serverSideCaching } from './server-side-caching.ts'

const evidence = hotReads()
const source = (...names: readonly string[]): SourceEvidence => ({
  schema: 'source@1',
  root: '.',
  dependencies: Object.fromEntries(names.map(name => [name, '1.0.0'])),
  excerpts: {},
})
/** Of ten reads one is of a product nobody asked for before, and half of the route waits for something else. */
const oftenNew = Array.from({ length: 300 }, (_, at) => (at % 10 === 0 ? 1_000 + at : 0))

describePractice(serverSideCaching, {
  silent: {
    'nobody noted the keys': unnotedReads,
    'the project has a cache in the process': { ...evidence, source: source('fastify', 'lru-cache') },
    'the project has a client of a shared cache': { ...evidence, source: source('pg', 'ioredis') },
    'the service was seen to talk to a cache': {
      ...evidence,
      traces: { ...evidence.traces, cache: cacheTraffic() },
    },
    'every read asks for another key': hotReads({ keys: newKeys }),
    'one request in ten misses, and these are the p95': hotReads({ keys: oftenNew }),
    'the read is a tenth of its route': hotReads({ requestMs: 90 }),
    'a row is written for every five reads': hotReads({ writes: 60 }),
    'a lookup by its key': hotReads({ totalMs: 300 }),
    'the read takes locks': hotReads({
      one: statement('sum', 'SELECT * FROM reviews WHERE product_id = $1 FOR UPDATE', {
        tables: ['reviews'],
        locks: true,
      }),
    }),
    'the load draws all keys alike': { ...hotReads({ keys: evenKeys }), 'load-curve': someLoad },
  },
  reports: {
    'a few products are asked for most of the time': {
      evidence,
      finds: [
        {
          fingerprint: 'server-side-caching|GET /products/:id|sum|',
          practice: 'server-side-caching',
          title: 'Nothing is kept on the server, where a cache would take 83 % off the p95',
          where: { route: hotRoute, statementId: 'sum', site: siteAt(7) },
          facts: [
            expect.objectContaining({ label: 'p95 of the route', quantity: { value: 12, unit: 'ms' } }),
            expect.objectContaining({ label: 'p95 with the cache, predicted', quantity: { value: 2, unit: 'ms' } }),
            ...hotFacts,
          ],
          confidence: 'strong',
          edit: hotEdit,
          remedy: {
            summary:
              'Keep the answers of "SELECT count(*) FROM reviews WHERE product_id = $1" in the process for 60.0 s, 10,000 at most.',
            steps: [
              'Simulated hits by size: 10 67 %, unbounded 100 %; 96 % while it fills.',
              'Requests that miss still pay: with 100 % hits the p95 goes from 12 ms to 2.0 ms.',
              expect.stringContaining('with a bound'),
              expect.stringContaining('Forget the key'),
            ],
            code: expect.objectContaining({ language: 'ts' }),
          },
        },
      ],
    },
    'dependencies that keep nothing': {
      evidence: { ...evidence, source: source('fastify', 'pg') },
      finds: [expect.objectContaining({ confidence: 'strong' })],
    },
    'keys of a load are only a suspicion': {
      evidence: { ...evidence, 'load-curve': someLoad },
      finds: [expect.objectContaining({ confidence: 'suspected' })],
    },
  },
})

it('says what a cache would come to where that is too little', () => {
  expect(outcomeOf(serverSideCaching, hotReads({ requestMs: 90 }))).toMatchObject({
    kind: 'pass',
    note: 'a cache would take 11 % off the p95',
  })
  expect(outcomeOf(serverSideCaching, hotReads({ keys: newKeys }))).toMatchObject({
    kind: 'pass',
    note: 'a cache would not pay here: 0 % of the reads ask for a key again within 60.0 s',
  })
})
