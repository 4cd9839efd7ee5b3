import type { PlanNode } from '@whetstone/model'
import { beforeAll, expect, it } from 'vitest'
import { loadStatementParser } from '../statement/parse.ts'
import { lowerBounds } from './range-reads.ts'

beforeAll(loadStatementParser)

const scan = (filter: string, more: Partial<PlanNode> = {}): PlanNode => ({
  nodeType: 'Seq Scan',
  relation: 'orders',
  startupCost: 0,
  totalCost: 1,
  planRows: 1,
  planWidth: 1,
  filter,
  children: [],
  ...more,
})
const texts = (filter: string) => lowerBounds(scan(filter)).map(({ column, text }) => [column, text])

it.each([
  ["(created >= '2026-01-01'::date)", [['created', "created >= '2026-01-01'::date"]]],
  [
    "((status = 'paid AND (more)'::text) AND (created > (now() - '7 days'::interval)))",
    [['created', "created > (now() - '7 days'::interval)"]],
  ],
  [
    `(("createdAt" >= '2026-01-01'::date) AND (id > 7))`,
    [
      ['createdAt', `"createdAt" >= '2026-01-01'::date`],
      ['id', 'id > 7'],
    ],
  ],
])('the lower bounds of %s are found', (filter, expected) => {
  expect(texts(filter)).toEqual(expected)
})

it.each([
  '(created >= $1)',
  "(created < '2026-01-01'::date)",
  "((created >= '2026-01-01'::date) OR (id = 1))",
  "((created)::date >= '2026-01-01'::date)",
  "(created >= '2026-01-01'::date); drop table orders",
])('%s says nothing of how far back', filter => {
  expect(texts(filter)).toEqual([])
})

it('looks below the top of the plan and at what an index is asked', () => {
  const below = scan('', { indexCondition: "(created >= '2026-01-01'::date)" })
  expect(lowerBounds({ ...scan(''), nodeType: 'Limit', children: [below] })).toHaveLength(1)
})

it('looks into the bitmaps of a scan, but not into those of an OR', () => {
  const { relation: _, ...index } = scan('', {
    nodeType: 'Bitmap Index Scan',
    indexCondition: "(created >= '2026-01-01'::date)",
  })
  const bitmap = (...children: PlanNode[]) => scan('', { nodeType: 'Bitmap Heap Scan', children })
  const of = (nodeType: string): PlanNode => ({ ...index, nodeType, children: [index, index] })
  expect(lowerBounds(bitmap(index))).toMatchObject([{ relation: 'orders', column: 'created' }])
  expect(lowerBounds(bitmap({ ...of('BitmapAnd'), indexCondition: '' }))).toHaveLength(2)
  expect(lowerBounds(bitmap({ ...of('BitmapOr'), indexCondition: '' }))).toEqual([])
})
