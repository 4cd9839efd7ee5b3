import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import {
  httpProbe,
  httpProbesOf,
  query,
  siteAt,
  statement,
  statementsOf,
  times,
  trace,
  tracesOf,
  use,
} from '../derive/testing/evidence.ts'
import { eagerVsLazy } from './eager-vs-lazy.ts'

const route = 'GET /orders'
const join = (more = {}) =>
  statement(
    'join',
    'SELECT o.id, o.status, i.name FROM orders o LEFT JOIN items i ON i.order_id = o.id WHERE o.id > $1',
    {
      tables: ['orders', 'items'],
      targetColumns: ['o.id', 'o.status', 'i.name'],
      conditions: [
        { table: 'items', column: 'order_id', operator: 'join', otherTable: 'orders', otherColumn: 'id' },
        { table: 'orders', column: 'id', operator: 'range' },
      ],
      ...more,
    },
  )
const used = (rows: number, calls = 10) => [use(route, 'join', calls, 80, { rows: rows * calls, site: siteAt(5) })]
const statements = (rows = 900, more = {}) => statementsOf([join(more)], used(rows))
const traces = (durationMs = 20) => tracesOf(times(10, trace(route, durationMs, [query('join', 1, 8)])))
const answer = (items: number, more = {}) =>
  httpProbesOf(httpProbe(route, { bodyBytes: 3_000, json: { kind: 'array', items, keys: ['id', 'status'], ...more } }))

describePractice(eagerVsLazy, {
  silent: {
    'the children are in the answer, nested': {
      statements: statements(),
      traces: traces(),
      'http-probe': answer(25, { objects: 925 }),
    },
    'as many rows as the answer shows': { statements: statements(200), traces: traces(), 'http-probe': answer(200) },
    'two rows for each object, a matter of taste': {
      statements: statements(200),
      traces: traces(),
      'http-probe': answer(100),
    },
    'a short list': { statements: statements(60), traces: traces(), 'http-probe': answer(10) },
    'a tenth of the time of the route': { statements: statements(), traces: traces(80), 'http-probe': answer(25) },
    'a list without end, which has another remedy': {
      statements: statements(5_000),
      traces: traces(),
      'http-probe': answer(25),
    },
    'rows of one table, filtered in code': {
      statements: statements(900, { tables: ['orders'], conditions: [] }),
      traces: traces(),
      'http-probe': answer(25),
    },
    'children counted by the statement': {
      statements: statements(900, { hasAggregate: true, groupBy: true }),
      traces: traces(),
      'http-probe': answer(25),
    },
    'several calls, of which each makes a part of the answer': {
      statements: statementsOf([join()], [use(route, 'join', 30, 80, { rows: 27_000, requests: 10 })]),
      traces: traces(),
      'http-probe': answer(25),
    },
    'a download': {
      statements: statements(),
      traces: traces(),
      'http-probe': httpProbesOf(httpProbe(route, { bodyBytes: 3_000, headers: { 'content-type': 'text/csv' } })),
    },
    'nothing is known of the answer': { statements: statements(), traces: traces() },
  },
  reports: {
    'nine hundred rows for an answer of twenty-five': {
      evidence: { statements: statements(), traces: traces(), 'http-probe': answer(25) },
      finds: [
        {
          fingerprint: expect.stringContaining('eager-vs-lazy|GET /orders|join|'),
          practice: 'eager-vs-lazy',
          title: '900 rows joined for an answer of 25',
          where: { route, statementId: 'join', site: siteAt(5) },
          facts: [
            expect.objectContaining({ label: 'rows per call', quantity: { value: 900, unit: 'rows' } }),
            expect.objectContaining({ label: 'objects in the answer', quantity: { value: 25, unit: 'count' } }),
            expect.objectContaining({ label: 'time of a call', quantity: { value: 8, unit: 'ms' } }),
            expect.objectContaining({
              label: 'share of the route time',
              quantity: { value: expect.closeTo(0.4, 2), unit: 'fraction' },
            }),
          ],
          confidence: 'suspected',
          edit: { kind: 'bytes', route, bytesBefore: 90_000, bytesAfter: 2_500, statementId: 'join' },
          remedy: expect.objectContaining({
            summary: 'Leave the join of orders and items out of the list, or load the children apart.',
          }),
        },
      ],
    },
    'a page of joined rows, cut by a limit': {
      evidence: { statements: statements(2_000, { hasLimit: true }), traces: traces(), 'http-probe': answer(25) },
      finds: [expect.objectContaining({ title: '2,000 rows joined for an answer of 25' })],
    },
  },
})
