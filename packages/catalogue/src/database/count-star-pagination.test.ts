import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import {
  column,
  equal,
  pgOf,
  plan,
  query,
  siteAt,
  statement,
  statementsOf,
  table,
  times,
  trace,
  tracesOf,
  use,
} from '../derive/testing/evidence.ts'
import { countStarPagination } from './count-star-pagination.ts'

const count = statement('count', 'SELECT count(*) FROM orders', {
  tables: ['orders'],
  isCount: true,
  hasAggregate: true,
})
const filtered = statement('count', 'SELECT count(*) FROM orders WHERE shop = $1', {
  tables: ['orders'],
  isCount: true,
  hasAggregate: true,
  conditions: [equal('orders', 'shop')],
})
const page = statement('page', 'SELECT id FROM orders LIMIT $1', { tables: ['orders'], hasLimit: true })
const other = statement('page', 'SELECT id FROM notes LIMIT $1', { tables: ['notes'], hasLimit: true })
const statements = statementsOf([count, page])
const both = (countMs: number, durationMs = 40) =>
  tracesOf(
    times(10, trace('GET /orders', durationMs, [query('page', 1, 3), query('count', 5, countMs, { site: siteAt(6) })])),
  )

describePractice(countStarPagination, {
  silent: {
    'a page without a count': {
      traces: tracesOf(times(10, trace('GET /orders', 9, [query('page', 1, 3)]))),
      statements,
    },
    'a count alone, which is what was asked for': {
      traces: tracesOf(times(10, trace('GET /orders/count', 30, [query('count', 1, 25)]))),
      statements,
    },
    'the count takes 1 ms': { traces: both(1, 5), statements },
    'the count is a tenth of the database time': {
      traces: tracesOf(times(10, trace('GET /orders', 90, [query('page', 1, 60), query('count', 62, 6)]))),
      statements,
    },
    'the route computes for two seconds': { traces: both(20, 2_000), statements },
    'a count of another table': { traces: both(20), statements: statementsOf([count, other]) },
    'one page in ten counts': {
      traces: tracesOf([
        trace('GET /orders', 40, [query('page', 1, 3), query('count', 5, 20)]),
        ...times(9, trace('GET /orders', 9, [query('page', 1, 3)])),
      ]),
      statements,
    },
    'an index may make the count cheap, which is another cause': {
      traces: both(20),
      statements: statementsOf([filtered, page], [use('GET /orders', 'count', 10, 200)]),
      pg: pgOf({
        tables: [table('orders', 100_000, [column('shop', { distinct: 5_000 })])],
        plans: [
          {
            statementId: 'count',
            kind: 'generic',
            totalCost: 4_000,
            root: plan('Seq Scan', 4_000, { relation: 'orders', planRows: 20 }),
          },
        ],
      }),
    },
  },
  reports: {
    'a count of everything on every page': {
      evidence: { traces: both(20), statements },
      finds: [
        {
          fingerprint: 'count-star-pagination|GET /orders|count|',
          practice: 'count-star-pagination',
          title: 'Counting the whole list takes 20 ms of every page',
          where: { route: 'GET /orders', statementId: 'count' },
          facts: [
            expect.objectContaining({ label: 'time of the count', quantity: { value: 20, unit: 'ms' } }),
            expect.objectContaining({ quantity: { value: 0.8696, unit: 'fraction' } }),
            expect.objectContaining({ label: 'share of the request', quantity: { value: 0.5, unit: 'fraction' } }),
          ],
          confidence: 'strong',
          edit: { kind: 'trace', change: { kind: 'remove', statementId: 'count' }, route: 'GET /orders' },
          remedy: expect.objectContaining({
            code: {
              language: 'sql',
              before: 'SELECT count(*) FROM orders',
              after: "SELECT reltuples::bigint FROM pg_class WHERE oid = 'orders'::regclass;",
            },
          }),
        },
      ],
    },
    'a count with a condition is capped instead': {
      evidence: { traces: both(20), statements: statementsOf([filtered, page]) },
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({
            code: expect.objectContaining({
              after: 'SELECT count(*) FROM (SELECT 1 FROM orders WHERE shop = $1 LIMIT 1001) AS capped;',
            }),
          }),
        }),
      ],
    },
  },
})
