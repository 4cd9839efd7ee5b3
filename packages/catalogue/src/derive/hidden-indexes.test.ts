import type { PgIndex, PlanNode } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { hiddenIndex, isCastOfIndexed } from './hidden-indexes.ts'
import { column, index, pgOf, plan, table } from './testing/evidence.ts'

const orders = table('orders', 50_000, [
  column('id', { type: 'integer', distinct: -1 }),
  column('customer', { type: 'text', distinct: 4_000 }),
  column('placed', { type: 'timestamp with time zone', distinct: -1 }),
])
const customers = table('customers', 20_000, [
  column('id', { type: 'integer', distinct: -1 }),
  column('number', { type: 'integer', distinct: 100 }),
  column('name', { type: 'character varying(30)', distinct: -1 }),
])
const indexes = [
  index('orders', ['id'], { unique: true, primary: true }),
  index('orders', ['placed']),
  index('customers', ['id'], { unique: true, primary: true }),
  index('customers', ['number']),
  index('customers', ['name']),
]
const found = (root: PlanNode, own: readonly PgIndex[] = indexes, first = orders) =>
  hiddenIndex(
    pgOf({
      tables: [first, customers],
      indexes: own,
      plans: [{ statementId: 's', kind: 'generic', totalCost: root.totalCost, root }],
    }),
    's',
    { rows: 1_000 },
  )
const scan = (relation: string, filter?: string, more: Partial<PlanNode> = {}): PlanNode =>
  plan('Seq Scan', 1_500, { relation, planRows: 250, ...(filter === undefined ? {} : { filter }), ...more })
const joined = (joinCondition: string, outerRows: number): PlanNode =>
  plan('Hash Join', 1_700, {
    joinCondition,
    children: [
      plan('Index Scan', 60, { relation: 'orders', alias: 'o', planRows: outerRows, indexCondition: '(id = $1)' }),
      plan('Hash', 1_500, { children: [scan('customers', undefined, { alias: 'c', planRows: 20_000 })] }),
    ],
  })

describe('an index that a cast keeps away', () => {
  it('is found in the filter of a scan, at four for each row and each level', () => {
    expect(found(scan('orders', '((id)::text = $1)'))).toMatchObject({
      cast: { column: 'id', type: 'text' },
      index: { name: 'orders_id_idx' },
      isJoin: false,
      costBefore: 1_500,
      costAfter: 12,
    })
  })

  it('leaves of the plan what lies above the scan', () => {
    const root = plan('Sort', 1_800, { children: [scan('orders', '((id)::numeric = 7.0)')] })
    expect(found(root)).toMatchObject({ costBefore: 1_800, costAfter: 312 })
  })

  it('takes of a day as many rows as the plan expects', () => {
    expect(found(scan('orders', '((placed)::date = $1)', { planRows: 100 }))).toMatchObject({
      isCoarser: true,
      costAfter: 4 * 102,
    })
  })

  it('takes of a day as few pages as its rows share, where the table lies in the order of the column', () => {
    const inOrder = {
      ...orders,
      columns: [column('placed', { type: 'timestamp with time zone', distinct: -1, correlation: 1 })],
    }
    const day = (own: typeof orders, planRows: number) =>
      found(scan('orders', '((placed)::date = $1)', { planRows }), indexes, own)
    expect(day(inOrder, 5_000)!.costAfter).toBeCloseTo(4 * (61.04 + 2), 0)
    expect(day(orders, 5_000)).toBeUndefined()
  })

  it('is found beneath a join of few rows, whoever wrote the cast', () => {
    expect(found(joined('(o.customer = (c.id)::text)', 10))).toMatchObject({
      isJoin: true,
      table: { name: 'customers' },
      costBefore: 1_700,
      costAfter: 60 + 10 * 12,
    })
  })

  it('is no loss where it would return little', () => {
    expect(found(joined('(o.customer = (c.id)::text)', 2_000))).toBeUndefined()
    expect(found(joined('(o.customer = (c.number)::text)', 10))).toBeUndefined()
    expect(found(scan('orders', '((id)::text = $1)', { totalCost: 60 }))).toBeUndefined()
    expect(found(scan('orders', '((placed)::date = $1)', { planRows: 40_000 }))).toBeUndefined()
  })

  it('is none without an index, with a broken one, or with one of some rows', () => {
    const condition = scan('orders', '((id)::text = $1)')
    expect(found(condition, [])).toBeUndefined()
    expect(found(condition, [index('orders', ['id'], { valid: false })])).toBeUndefined()
    expect(found(condition, [index('orders', ['id'], { partial: true })])).toBeUndefined()
    expect(found(condition, [index('orders', ['customer', 'id'])])).toBeUndefined()
  })

  it('is none where the comparison uses it, or an OR asks for more', () => {
    expect(found(scan('customers', "((name)::text = 'x'::text)"))).toBeUndefined()
    expect(found(scan('orders', '(id = $1)'))).toBeUndefined()
    expect(found(scan('orders', "(((id)::text = $1) OR (customer = 'x'::text))"))).toBeUndefined()
    expect(found(joined('(o.customer = c.name)', 10))).toBeUndefined()
  })
})

describe('an index on the cast of a column', () => {
  const pg = pgOf({ tables: [orders, customers], indexes })

  it('would be a second one where the column has its own', () => {
    expect(isCastOfIndexed(pg, orders, 'id::text')).toBe(true)
    expect(isCastOfIndexed(pg, orders, 'customer::int')).toBe(false)
    expect(isCastOfIndexed(pg, customers, 'name::text')).toBe(false)
    expect(isCastOfIndexed(pg, orders, 'lower(customer)')).toBe(false)
    expect(isCastOfIndexed(pg, orders, undefined)).toBe(false)
  })
})
