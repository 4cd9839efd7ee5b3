import type { CacheKeys } from '@whetstone/model'
import { expect, it } from 'vitest'
import { cacheLoads, cacheUse } from '../derive/testing/cache.ts'
import { cachedEntity, entity, readRoute, uncached, updateOfMany, writeRoute } from '../derive/testing/cached-entity.ts'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { equal, siteAt, statement } from '../derive/testing/evidence.ts'
import { writeThrough } from './write-through.ts'

const del = cacheUse(writeRoute, 'DEL', entity, { calls: 80 })
/** Eighty deletes; sixty of the hundred misses are of keys they took away. */
const after = (more: Partial<CacheKeys> = {}): Partial<CacheKeys> => ({
  deletes: 80,
  missesBy: { unseen: 30, deleted: 60, expired: 10, other: 0 },
  ...more,
})
const deleting = (more: Partial<CacheKeys> = {}, uses = [del]) => cachedEntity({ keys: after(more), uses })

describePractice(writeThrough, {
  silent: {
    'no cache is used': uncached,
    'nothing is deleted': cachedEntity(),
    'nothing is loaded by requests': deleting({ loads: cacheLoads({ loads: 0 }) }),
    'few of the deleted keys are asked for again': deleting({ deletes: 200 }),
    'most misses are of other keys': deleting({ misses: 1_000 }),
    'too few to tell': deleting({ deletes: 20, missesBy: { unseen: 5, deleted: 15, expired: 0, other: 0 } }),
    'the load is as cheap as a lookup': deleting({
      loads: cacheLoads({ totalMs: 40, statements: [{ statementId: 'load', loads: 100 }] }),
    }),
    'something else than the row is deleted there': deleting({}, [cacheUse(writeRoute, 'DEL', 'products:list')]),
    'what is kept is made of many rows': cachedEntity({
      keys: after({ loads: cacheLoads({ statements: [{ statementId: 'sum', loads: 100 }] }) }),
      uses: [del],
      read: statement('sum', 'SELECT sum(price) FROM products WHERE id = $1', {
        tables: ['products'],
        hasAggregate: true,
        conditions: [equal('products', 'id')],
      }),
    }),
    'what is kept is made of two tables': cachedEntity({
      keys: after({ loads: cacheLoads({ statements: [{ statementId: 'two', loads: 100 }] }) }),
      uses: [del],
      read: statement('two', 'SELECT name, price FROM products JOIN shops USING (shop) WHERE id = $1', {
        tables: ['products', 'shops'],
        conditions: [equal('products', 'id')],
      }),
    }),
    'the write finds its rows by another column': cachedEntity({
      keys: after(),
      uses: [del],
      write: updateOfMany,
    }),
  },
  reports: {
    'most deleted keys are read again at once': {
      evidence: deleting(),
      finds: [
        {
          fingerprint: `write-through|${writeRoute}|update|${entity}`,
          practice: 'write-through',
          title: '60 % of the misses of product:{n} are for what was just written',
          where: { route: writeRoute, statementId: 'update', site: siteAt(40, 'src/admin.ts'), resource: entity },
          facts: [
            expect.objectContaining({
              label: 'deleted keys that were asked for again',
              quantity: { value: 0.75, unit: 'fraction' },
            }),
            expect.objectContaining({ quantity: { value: 60, unit: 'count' } }),
            expect.objectContaining({ label: 'of all misses', quantity: { value: 0.6, unit: 'fraction' } }),
            expect.objectContaining({ label: 'time per load', quantity: { value: 10, unit: 'ms' } }),
            expect.objectContaining({ label: 'hits', quantity: { value: 0.9, unit: 'fraction' } }),
            expect.objectContaining({
              label: 'hits if it were written through, predicted',
              quantity: { value: 0.96, unit: 'fraction' },
            }),
          ],
          confidence: 'strong',
          edit: {
            kind: 'trace',
            change: { kind: 'cache', statementId: 'load', hitFraction: 0.6, coldHitFraction: 0.6 },
            route: readRoute,
          },
          remedy: {
            summary: 'Set product:{n} where PUT /products/:id deletes it.',
            steps: [
              expect.stringContaining('from 90 % to 96 %'),
              expect.stringContaining('RETURNING'),
              expect.stringContaining('after the commit'),
              expect.stringContaining('delete'),
            ],
            code: expect.objectContaining({ after: expect.stringContaining('RETURNING *') }),
          },
        },
      ],
    },
  },
})

it('says how few reads pay for a write', () => {
  expect(outcomeOf(writeThrough, deleting({ deletes: 600 }))).toMatchObject({
    kind: 'pass',
    note: 'few reads pay for a write before them',
    because: [{ quantity: { value: 0.1 } }, {}, {}],
  })
})
