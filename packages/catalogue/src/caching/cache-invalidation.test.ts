import type { CacheKeys } from '@whetstone/model'
import { expect, it } from 'vitest'
import { cacheKeys, cacheLoads, cacheUse } from '../derive/testing/cache.ts'
import { cachedEntity, entity, uncached, updateOfMany, writeRoute } from '../derive/testing/cached-entity.ts'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { equal, siteAt, statement } from '../derive/testing/evidence.ts'
import { cacheInvalidation } from './cache-invalidation.ts'

const told = (command: string, keyTemplate = entity, route = writeRoute) =>
  cachedEntity({ uses: [cacheUse(route, command, keyTemplate)] })
const ttl = (ttlMs: number | null) => cachedEntity({ keys: { ttls: [{ ttlMs, sets: 100 }] } })

describePractice(cacheInvalidation, {
  silent: {
    'no cache is used': uncached,
    'nothing is loaded into the cache': cachedEntity({ keys: { loads: cacheLoads({ loads: 0 }) } }),
    'the writing route deletes the key': told('DEL'),
    'the writing route sets the new value': told('SET'),
    'it publishes what was changed': told('PUBLISH', 'changes'),
    'it raises a version that is part of the keys': told('INCR', 'products:version'),
    'it runs a script': told('EVALSHA', 'products'),
    'the key is deleted outside of requests, as by an outbox': told('DEL', entity, ''),
    'the time to live is the bound': ttl(2_000),
    'a repair by hand': cachedEntity({ writes: 3 }),
    'hardly anything comes from the cache': cachedEntity({ keys: { hits: 5 } }),
    'another table is written': cachedEntity({
      write: statement('update', 'UPDATE users SET name = $1 WHERE id = $2', {
        operation: 'update',
        tables: ['users'],
        targetColumns: ['name'],
        conditions: [equal('users', 'id')],
      }),
    }),
    'what is written is not in the cache': cachedEntity({
      write: statement('update', 'UPDATE products SET views = views + 1 WHERE id = $1', {
        operation: 'update',
        tables: ['products'],
        targetColumns: ['views'],
        conditions: [equal('products', 'id')],
      }),
    }),
    'a new row changes no other': cachedEntity({
      write: statement('insert', 'INSERT INTO products (name, price) VALUES ($1, $2)', {
        operation: 'insert',
        tables: ['products'],
        targetColumns: ['name', 'price'],
      }),
    }),
    'many rows by another column: who tells the cache is asked': cachedEntity({ write: updateOfMany }),
  },
  reports: {
    'a price is changed and nobody tells the cache': {
      evidence: cachedEntity(),
      finds: [
        {
          fingerprint: `cache-invalidation|${writeRoute}|update|${entity}`,
          practice: 'cache-invalidation',
          title: '40 writes leave product:{n} in the cache as it was, for up to 60.0 s',
          where: { route: writeRoute, statementId: 'update', site: siteAt(40, 'src/admin.ts'), resource: entity },
          facts: [
            expect.objectContaining({
              label: 'writes that the cache is not told of',
              quantity: { value: 40, unit: 'count' },
            }),
            expect.objectContaining({ quantity: { value: 900, unit: 'count' } }),
            expect.objectContaining({ quantity: { value: 0.9, unit: 'fraction' } }),
            expect.objectContaining({ label: 'answered as it was for up to', quantity: { value: 60_000, unit: 'ms' } }),
          ],
          confidence: 'strong',
          remedy: {
            summary: expect.stringContaining('Delete product:{n} after "UPDATE products'),
            steps: [
              expect.stringContaining('90 % of the reads'),
              'It is read at src/orders.ts:12.',
              expect.stringContaining('After the commit'),
              'A delete that the cache missed is made good by its time to live.',
              expect.stringContaining('publish the key'),
              expect.stringContaining('outbox'),
            ],
            code: expect.objectContaining({ after: expect.stringContaining('redis.del(`product:${id}`)') }),
          },
        },
      ],
    },
    'the key has no end at all': {
      evidence: ttl(null),
      finds: [expect.objectContaining({ title: '40 writes leave product:{n} in the cache as it was, for ever' })],
    },
    'a row is deleted': {
      evidence: cachedEntity({
        write: statement('delete', 'DELETE FROM products WHERE id = $1', {
          operation: 'delete',
          tables: ['products'],
          conditions: [equal('products', 'id')],
        }),
      }),
      finds: [expect.objectContaining({ practice: 'cache-invalidation' })],
    },
    'it deletes another key and forgets this one': {
      evidence: told('DEL', 'products:list'),
      finds: [expect.objectContaining({ practice: 'cache-invalidation' })],
    },
    'reading it there does not tell it either': {
      evidence: cachedEntity({ uses: [cacheUse(writeRoute, 'GET', entity)] }),
      finds: [expect.objectContaining({ practice: 'cache-invalidation' })],
    },
  },
})

it('asks who tells the cache where the row is found by another column', () => {
  expect(outcomeOf(cacheInvalidation, cachedEntity({ write: updateOfMany }))).toMatchObject({
    kind: 'ask',
    question: expect.stringContaining(`${writeRoute} writes products`),
  })
})

it.each([
  ['few writes', cachedEntity({ writes: 3 }), 'It did so 3 times, and 900 reads came from the cache: too few to tell.'],
  ['one write', cachedEntity({ writes: 1 }), 'It did so 1 time, and'],
  ['few answers of the cache', cachedEntity({ keys: { hits: 5 } }), 'It did so 40 times, and 5 reads'],
])('asks who tells the cache of %s', (_, evidence, told) => {
  expect(outcomeOf(cacheInvalidation, evidence)).toMatchObject({
    kind: 'ask',
    question: expect.stringContaining(told),
  })
})

it('asks where nobody was seen to say how long an entry lives', () => {
  expect(outcomeOf(cacheInvalidation, cachedEntity({ keys: { ttls: [] } }))).toMatchObject({
    kind: 'ask',
    question: expect.stringContaining('Who tells the cache?'),
  })
})

it.each([
  ['told', told('DEL'), 40, '40 by routes that delete or set the key'],
  [
    'perhaps told',
    told('PUBLISH', 'changes'),
    0,
    '40 by routes that may tell the cache with a message, a version or a script',
  ],
  ['not told', ttl(2_000), 0, '40 that it is not told of, where the key ends by itself soon enough'],
])('says of which writes the cache is %s', (_, evidence, count, note) => {
  expect(outcomeOf(cacheInvalidation, evidence)).toMatchObject({
    kind: 'pass',
    because: expect.arrayContaining([
      expect.objectContaining({
        label: 'writes after which the cache is told',
        quantity: { value: count, unit: 'count' },
      }),
    ]),
    note: `writes behind cached keys: ${note}`,
  })
})

it('does not know what a key is made of that lay there all the time', () => {
  const update = statement('update', 'UPDATE users SET name = $1 WHERE id = $2', {
    operation: 'update',
    tables: ['users'],
    targetColumns: ['name'],
    conditions: [equal('users', 'id')],
  })
  const elsewhere = cachedEntity({ write: update })
  const cache = elsewhere.traces.cache!
  const outcome = (keys: readonly CacheKeys[]) =>
    outcomeOf(cacheInvalidation, {
      ...elsewhere,
      traces: { ...elsewhere.traces, cache: { ...cache, keys: [...cache.keys, ...keys] } },
    })
  const user = cacheKeys('user:{n}', { misses: 0, loads: cacheLoads({ loads: 0 }) })
  expect(outcome([user])).toMatchObject({
    kind: 'unknown',
    why: 'user:{n} was never loaded meanwhile: what it is made of was not seen',
  })
  expect(outcome([])).toMatchObject({
    kind: 'pass',
    note: 'nothing was written that a loaded key was seen to be made of',
  })
})
