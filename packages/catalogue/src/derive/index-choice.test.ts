import type { IndexCandidate, PgWrites } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import type { IndexAdviceLimits, ServedStatement } from './index-advice.ts'
import { isNeeded } from './index-advice.ts'
import { chosen, type Offer } from './index-choice.ts'
import { proposalText } from './index-sql.ts'
import { indexThresholds } from './index-thresholds.ts'
import { column, index, pgOf, statement, statementsOf, table, use } from './testing/evidence.ts'

const limits = Object.fromEntries(
  Object.entries(indexThresholds).map(([name, { value }]) => [name, value]),
) as unknown as IndexAdviceLimits

const on = (columns: string, more: Partial<IndexCandidate> = {}): IndexCandidate => ({
  schema: 'public',
  table: 'orders',
  columns: columns.split(' ').map(name => ({ name })),
  method: 'btree',
  ...more,
})
const offer = (
  statementId: string,
  candidate: IndexCandidate,
  costAfter: number,
  { bytes = 1_000_000, ...more }: Partial<ServedStatement> & { readonly bytes?: number } = {},
): Offer => ({
  question: { candidate, variant: 'single', statementIds: ['a', 'b'], madeFor: ['a', 'b'] },
  trial: { candidate, by: 'scratch-copy', indexBytes: bytes, results: [] },
  served: {
    statementId,
    costBefore: 10_000,
    costAfter,
    sortsBefore: false,
    sortsAfter: false,
    parameterSets: 1,
    ...more,
  },
})
const statements = statementsOf(
  [
    statement('a', 'SELECT 1'),
    statement('b', 'SELECT 2'),
    statement('set', 'UPDATE orders SET total = $1', {
      operation: 'update',
      tables: ['orders'],
      targetColumns: ['total'],
    }),
  ],
  [use('GET /a', 'a', 100, 1_000), use('GET /b', 'b', 100, 1_000), use('GET /set', 'set', 1, 1)],
)
const none: PgWrites = { inserts: 0, updates: 0, heapOnlyUpdates: 0, deletes: 0 }
const pg = (writes: Partial<PgWrites> = {}) =>
  pgOf({
    tables: [table('orders', 300_000, [column('a'), column('b'), column('total')], { writes: { ...none, ...writes } })],
    indexes: [index('orders', ['id'], { primary: true, unique: true })],
  })
const namesOf = (offers: readonly Offer[], writes: Partial<PgWrites> = {}) =>
  chosen(offers, pg(writes), statements, limits).map(
    ({ question, served }) => `${proposalText(question)} for ${served.map(one => one.statementId).join(', ')}`,
  )

describe('the choice of indexes', () => {
  it('takes the narrowest that does the work', () => {
    expect(namesOf([offer('a', on('a b'), 9), offer('a', on('a'), 60)])).toEqual(['orders(a) for a'])
  })

  it('takes the wider one where the narrow one leaves much to do', () => {
    expect(namesOf([offer('a', on('a b'), 9), offer('a', on('a'), 700)])).toEqual(['orders(a, b) for a'])
  })

  it('takes one that serves two statements instead of one for each', () => {
    const offers = [
      offer('a', on('a'), 60),
      offer('a', on('a b'), 80),
      offer('b', on('a b'), 9),
      offer('b', on('a'), 700),
    ]
    expect(namesOf(offers)).toEqual(['orders(a, b) for a, b'])
  })

  it('takes two where neither serves both', () => {
    expect(namesOf([offer('a', on('a'), 9), offer('b', on('b'), 9)])).toEqual(['orders(a) for a', 'orders(b) for b'])
  })

  it('is told apart by plan costs, not by the noise of quick runs', () => {
    const offers = [
      offer('a', on('a'), 20, { medianMsBefore: 3, medianMsAfter: 0.9 }),
      offer('a', on('a', { include: ['b'] }), 9, { medianMsBefore: 3, medianMsAfter: 0.2 }),
    ]
    expect(namesOf(offers)).toEqual(['orders(a) for a'])
  })

  it('carries columns along only where many rows are fetched', () => {
    const carrying = on('a', { include: ['total'] })
    expect(namesOf([offer('a', on('a'), 900), offer('a', carrying, 20)])).toEqual(['orders(a) INCLUDE (total) for a'])
    expect(namesOf([offer('a', on('a'), 200), offer('a', carrying, 20)])).toEqual(['orders(a) for a'])
  })

  it('takes the part of the rows where that is far smaller', () => {
    const part = on('a', { where: 'b IS NULL' })
    expect(namesOf([offer('a', on('a'), 20), offer('a', part, 20, { bytes: 100_000 })])).toEqual([
      'orders(a) WHERE b IS NULL for a',
    ])
    expect(namesOf([offer('a', on('a'), 20), offer('a', part, 20, { bytes: 900_000 })])).toEqual(['orders(a) for a'])
  })

  it('takes all of the rows where two statements ask for different parts', () => {
    const offers = [
      offer('a', on('a'), 20),
      offer('a', on('a', { where: 'b = 1' }), 20, { bytes: 1_000 }),
      offer('b', on('a'), 20),
      offer('b', on('a', { where: 'b = 2' }), 20, { bytes: 1_000 }),
    ]
    expect(namesOf(offers)).toEqual(['orders(a) for a, b'])
  })

  it('takes both sides of a join where one alone is not enough, and neither twice', () => {
    const items: IndexCandidate = { ...on('order_id'), table: 'items' }
    const both = offer('a', on('a'), 20)
    const pair = { ...both, question: { ...both.question, together: [items] } }
    expect(namesOf([offer('a', on('a'), 4_000), offer('a', items, 4_000), pair])).toEqual([
      'orders(a) and items(order_id) for a',
    ])
  })

  it('takes none whose entries cost more than it returns', () => {
    // It returns nearly a second; an entry costs 5 µs.
    expect(namesOf([offer('a', on('a'), 9)], { inserts: 100_000 })).toEqual(['orders(a) for a'])
    expect(namesOf([offer('a', on('a'), 9)], { inserts: 300_000 })).toEqual([])
  })

  it('charges updates that could no longer stay on their page with an entry in every index', () => {
    const updates = { updates: 150_000, heapOnlyUpdates: 150_000 }
    expect(namesOf([offer('a', on('total'), 9)], updates)).toEqual([])
    expect(namesOf([offer('a', on('a'), 9)], updates)).toEqual(['orders(a) for a'])
  })

  it('does not carry along what is updated all the time', () => {
    const offers = [offer('a', on('a'), 900), offer('a', on('a', { include: ['total'] }), 20)]
    expect(namesOf(offers, { updates: 50_000, heapOnlyUpdates: 50_000 })).toEqual(['orders(a) for a'])
  })

  it('does not charge writes that nobody counted', () => {
    const { writes: _, ...uncounted } = pg().tables[0]!
    expect(chosen([offer('a', on('a'), 9)], pgOf({ tables: [uncounted] }), statements, limits)).toHaveLength(1)
  })
})

describe('an index among others', () => {
  const margin = (costWith: number, costWithout: number) => ({ statementId: 'a', costWith, costWithout })

  it('is needed when a plan would cost more without it', () => {
    expect(isNeeded([margin(10, 10), margin(10, 900)])).toBe(true)
  })

  it('is not needed when the others do the same', () => {
    expect(isNeeded([margin(10, 10), margin(90, 100)])).toBe(false)
  })

  it('is not judged where nothing could be planned', () => {
    expect(isNeeded([])).toBe(true)
  })
})
