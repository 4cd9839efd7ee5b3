import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import {
  column,
  httpProbe,
  httpProbesOf,
  pgOf,
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
import { selectNeededColumns } from './select-needed-columns.ts'

const star = (more = {}) =>
  statement('star', 'SELECT * FROM products WHERE shelf = $1 LIMIT 50', {
    tables: ['products'],
    selectsStar: true,
    hasLimit: true,
    conditions: [{ table: 'products', column: 'shelf', operator: 'equal' }],
    ...more,
  })
const traces = (durationMs = 20) =>
  tracesOf(times(10, trace('GET /products', durationMs, [query('star', 1, 8)], { responseBytes: 3_000 })))
const wide = [
  column('id'),
  column('shelf'),
  column('name', { type: 'text', averageWidthBytes: 30 }),
  column('spec', { type: 'jsonb', averageWidthBytes: 2_000 }),
]
const pg = (columns = wide) => pgOf({ tables: [table('products', 5_000, columns)] })
const used = (rows: number) => [use('GET /products', 'star', 10, 80, { rows: rows * 10, site: siteAt(5) })]
const keys = (...names: string[]) =>
  httpProbesOf(httpProbe('GET /products', { bodyBytes: 3_000, json: { kind: 'array', items: 50, keys: names } }))
const statements = statementsOf([star()], used(50))

describePractice(selectNeededColumns, {
  silent: {
    'SELECT * on narrow rows': {
      statements,
      traces: traces(),
      pg: pg(wide.slice(0, 3)),
      'http-probe': keys('id', 'name'),
    },
    'the answer holds what was fetched': {
      statements,
      traces: tracesOf(times(10, trace('GET /products', 20, [query('star', 1, 8)], { responseBytes: 90_000 }))),
      pg: pg(),
      'http-probe': keys('id', 'name', 'spec'),
    },
    'the wide column is in the answer, compressed on the wire': {
      statements,
      traces: traces(),
      pg: pg(),
      'http-probe': keys('id', 'name', 'spec'),
    },
    'one row by its key': {
      statements: statementsOf([star()], used(1)),
      traces: traces(),
      pg: pg(),
      'http-probe': keys('id'),
    },
    'two per cent of the time of the route': {
      statements,
      traces: traces(600),
      pg: pg(),
      'http-probe': keys('id', 'name'),
    },
    'named columns without the wide one': {
      statements: statementsOf([star({ selectsStar: false, targetColumns: ['id', 'name'] })], used(50)),
      traces: traces(),
      pg: pg(),
      'http-probe': keys('id', 'name'),
    },
    'a join of two tables, where the star is not certain': {
      statements: statementsOf([star({ tables: ['products', 'shelves'] })], used(50)),
      traces: traces(),
      pg: pg(),
      'http-probe': keys('id', 'name'),
    },
    'an aggregate': { statements: statementsOf([star({ hasAggregate: true })], used(50)), traces: traces(), pg: pg() },
    'too many rows, which has another remedy': {
      statements: statementsOf([star({ hasLimit: false })], used(5_000)),
      traces: traces(),
      pg: pg(),
      'http-probe': keys('id', 'name'),
    },
    'nothing is known of the answer': {
      statements,
      traces: tracesOf(times(10, trace('GET /products', 20, [query('star', 1, 8)]))),
      pg: pg(),
    },
  },
  reports: {
    'a document of 2 kB that is never sent': {
      evidence: { statements, traces: traces(), pg: pg(), 'http-probe': keys('id', 'Name') },
      finds: [
        {
          fingerprint: 'select-needed-columns|GET /products|star|',
          practice: 'select-needed-columns',
          title: '102 kB fetched per request to answer 3 kB',
          where: { route: 'GET /products', statementId: 'star', site: siteAt(5) },
          facts: [
            expect.objectContaining({
              label: 'bytes fetched per request',
              quantity: { value: 102_300, unit: 'bytes' },
            }),
            expect.objectContaining({ label: 'bytes answered per request', quantity: { value: 3_000, unit: 'bytes' } }),
            expect.objectContaining({ label: 'bytes of a row', quantity: { value: 2_046, unit: 'bytes' } }),
            expect.objectContaining({ label: 'rows per request', quantity: { value: 50, unit: 'rows' } }),
          ],
          confidence: 'strong',
          edit: { kind: 'bytes', route: 'GET /products', bytesBefore: 102_300, bytesAfter: 2_300, statementId: 'star' },
          remedy: expect.objectContaining({
            summary: 'Leave out spec.',
            code: {
              language: 'sql',
              before: 'SELECT * FROM products WHERE shelf = $1 LIMIT 50',
              after: 'SELECT id, shelf, name FROM products WHERE shelf = $1 LIMIT 50',
            },
          }),
        },
      ],
    },
    'a small part of the time of the route, nearly all of which is a wait for a connection': {
      evidence: {
        statements,
        traces: tracesOf(
          times(10, trace('GET /products', 600, [query('star', 1, 8, { poolWaitMs: 580 })], { responseBytes: 3_000 })),
        ),
        pg: pg(),
        'http-probe': keys('id', 'name'),
      },
      finds: [expect.objectContaining({ title: '102 kB fetched per request to answer 3 kB' })],
    },
    'every column by name, as an ORM writes it': {
      evidence: {
        statements: statementsOf(
          [star({ selectsStar: false, targetColumns: ['id', 'shelf', 'name', 'spec'], issuedBy: 'typeorm' })],
          used(50),
        ),
        traces: traces(),
        pg: pg(),
      },
      finds: [
        expect.objectContaining({
          confidence: 'suspected',
          remedy: expect.objectContaining({ steps: expect.arrayContaining([expect.stringContaining('TypeORM: ')]) }),
        }),
      ],
    },
  },
})
