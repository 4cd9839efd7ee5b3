import type { CacheUse, Site } from '@whetstone/model'
import { expect, it } from 'vitest'
import { cacheLoads, cacheUse } from '../derive/testing/cache.ts'
import { cachedEntity, entity, uncached, writeRoute } from '../derive/testing/cached-entity.ts'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { siteAt } from '../derive/testing/evidence.ts'
import { readThrough } from './read-through.ts'

const cart = 'GET /cart'
/** Looks, misses and sets, as the reading route does at src/orders.ts:16. */
const copy = (route: string, site: Site, more: Partial<CacheUse> = {}): readonly CacheUse[] => [
  cacheUse(route, 'GET', entity, { hits: 200, misses: 30, site }),
  cacheUse(route, 'SET', entity, { calls: 30, site, ...more }),
]
const inCart = siteAt(31, 'src/cart.ts')

describePractice(readThrough, {
  silent: {
    'no cache is used': uncached,
    'nothing is loaded by requests': cachedEntity({
      keys: { loads: cacheLoads({ loads: 0 }) },
      uses: copy(cart, inCart),
    }),
    'one place fills it': cachedEntity(),
    'two routes share the helper that fills it': cachedEntity({ uses: copy(cart, siteAt(16)) }),
    'another route only reads it': cachedEntity({ uses: [cacheUse(cart, 'GET', entity, { hits: 300, misses: 20 })] }),
    'the route that writes the row sets it': cachedEntity({
      uses: [cacheUse(writeRoute, 'SET', entity, { site: inCart })],
    }),
    'the other place keeps something else': cachedEntity({
      uses: copy(cart, inCart).map(one => ({ ...one, keyTemplate: 'cart:{n}' })),
    }),
    'the other place hardly ever runs': cachedEntity({ uses: copy(cart, inCart, { calls: 2 }) }),
    'nobody knows from where it is set': cachedEntity({ uses: copy(cart, []) }),
  },
  reports: {
    'the page and the cart each do it by hand': {
      evidence: cachedEntity({
        uses: copy(cart, inCart),
        keys: {
          ttls: [
            { ttlMs: 60_000, sets: 100 },
            { ttlMs: 300_000, sets: 30 },
          ],
          loads: cacheLoads({
            loads: 130,
            stampedes: 10,
            stampedeLoads: 23,
            statements: [{ statementId: 'load', loads: 130 }],
          }),
        },
      }),
      finds: [
        {
          fingerprint: `read-through||src/orders.ts#load|${entity}`,
          practice: 'read-through',
          title: 'product:{n} is looked for, loaded and set by hand in 2 places',
          where: { site: siteAt(16), resource: entity },
          facts: [
            expect.objectContaining({ label: 'places that fill it', quantity: { value: 2, unit: 'count' } }),
            expect.objectContaining({ label: 'different times to live', quantity: { value: 2, unit: 'count' } }),
            expect.objectContaining({ label: 'hits', quantity: { value: 0.9, unit: 'fraction' } }),
            expect.objectContaining({ label: 'loads', quantity: { value: 130, unit: 'count' } }),
            expect.objectContaining({ quantity: { value: 13, unit: 'count' } }),
          ],
          confidence: 'strong',
          edit: {
            kind: 'trace',
            change: { kind: 'cache', statementId: 'load', hitFraction: 0.1, coldHitFraction: 0.1 },
          },
          remedy: {
            summary: 'Let one loader fill product:{n}, and every place ask that.',
            steps: [
              'It is set at src/orders.ts:16, src/cart.ts:31.',
              expect.stringContaining('They disagree how long it may live'),
              expect.stringContaining('10 % of the loads'),
              expect.stringContaining('decided once'),
            ],
            code: expect.objectContaining({ after: expect.stringContaining('product:${id}') }),
          },
        },
      ],
    },
    'three places that never met': {
      evidence: cachedEntity({ uses: [...copy(cart, inCart), ...copy('GET /search', siteAt(8, 'src/search.ts'))] }),
      finds: [expect.objectContaining({ title: 'product:{n} is looked for, loaded and set by hand in 3 places' })],
    },
  },
})

it('says where one place fills it', () => {
  expect(outcomeOf(readThrough, cachedEntity())).toMatchObject({
    kind: 'pass',
    note: 'product:{n} is filled in one place',
    because: [{ quantity: { value: 1 } }],
  })
})
