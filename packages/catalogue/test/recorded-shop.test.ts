/** What the practices of the database say about two recorded runs of one service: with its faults, and without. */
import { readFileSync } from 'node:fs'
import type { Evidence, Finding } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { practices } from '../src/index.ts'
import { outcomeOf } from '../src/derive/testing/describe-practice.ts'

const slow = recorded('shop-with-faults')
const ofDatabase = practices.filter(practice => practice.chapter === 'database')

describe('a recorded run of a slow service', () => {
  it('gets one finding for each of its faults, with route and line', () => {
    expect(findingsOn(slow).map(lineOf)).toMatchInlineSnapshot(`
      [
        "n-plus-one: 26 queries per request where 2 would do [GET /orders at apps/shop/src/routes/orders.ts:45]",
        "missing-index: reviews is read in full (150,000 rows) to find rows by product_id [GET /products/:id/reviews at apps/shop/src/routes/products.ts:46]",
        "select-needed-columns: 152 kB fetched per request to answer 5.5 kB [GET /categories/:id/products at apps/shop/src/routes/products.ts:37]",
        "limit-result-sets: 800 rows fetched at once for an answer of 20 [GET /customers/:id/activity at apps/shop/src/routes/customers.ts:43]",
        "keyset-pagination: Pages up to row 36,469 by OFFSET: 81 ms where the first pages take 2.7 ms [GET /products at apps/shop/src/routes/products.ts:20]",
        "connection-pooling: 1 new database connection per request, 13 ms each [GET /stock/:id at apps/shop/src/routes/products.ts:62]",
        "pool-size: 14 % of requests wait 22 ms for one of 2 connections [pool at apps/shop/src/routes/orders.ts:28]",
        "duplicate-queries: 3 reads per request where 1 would do [GET /account/:id at apps/shop/src/routes/customers.ts:50]",
      ]
    `)
  })

  it('gets the same findings when every table, column, route and file has another name', () => {
    const renamed = rename(slow)
    expect(findingsOn(renamed)).toEqual(rename(findingsOn(slow)))
    expect(JSON.stringify(renamed)).not.toContain('order_items')
  })
})

describe('the same service with its faults removed', () => {
  it('gets no finding', () => {
    expect(findingsOn(recorded('shop-without-faults')).map(lineOf)).toEqual([])
  })
})

function recorded(name: string): Evidence {
  return JSON.parse(readFileSync(new URL(`recorded/${name}.json`, import.meta.url), 'utf8')) as Evidence
}

function findingsOn(evidence: Evidence): readonly Finding[] {
  return ofDatabase.flatMap(practice => {
    const outcome = outcomeOf(practice, evidence)
    return outcome.kind === 'finding' ? outcome.findings : []
  })
}

function lineOf({ practice, title, where }: Finding): string {
  const place = where.site?.[0] ? ` at ${where.site[0].file}:${where.site[0].line}` : ''
  return `${practice}: ${title} [${where.route ?? where.resource ?? ''}${place}]`
}

/** Names of equal length, so that no text is cut at another place; statement ids stay, they are hashes. */
function rename<T>(value: T): T {
  const names: readonly (readonly [string, string])[] = [
    ['order_items', 'crate_bolts'],
    ['order_id', 'crate_id'],
    ['orders', 'crates'],
    ['product_id', 'whistle_id'],
    ['products', 'whistles'],
    ['reviews', 'murmurs'],
    ['customer_id', 'navigate_id'],
    ['customers', 'navigates'],
    ['activity', 'tidings_'],
    ['category_id', 'box_type_id'],
    ['categories', 'containers'],
    ['account', 'berths_'],
    ['stock', 'depth'],
  ]
  const renamed = (text: string) => names.reduce((all, [from, to]) => all.replaceAll(from, to), text)
  // Only values: the keys are words of the evidence itself.
  return JSON.parse(JSON.stringify(value), (_key, part: unknown) =>
    typeof part === 'string' ? renamed(part) : part,
  ) as T
}
