import type { ParameterSample } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { pgOf, plan, siteAt, statement, statementsOf, use } from '../derive/testing/evidence.ts'
import { keysetPagination } from './keyset-pagination.ts'

const at = (
  offset: number | string,
  durationMs: number,
  kept: ParameterSample['kept'] = 'random',
): ParameterSample => ({
  values: [20, offset],
  kept,
  durationMs,
})
const page = (parameters: readonly ParameterSample[], more = {}) =>
  statement('page', 'SELECT id FROM orders ORDER BY created_at DESC, id DESC LIMIT $1 OFFSET $2', {
    tables: ['orders'],
    hasLimit: true,
    hasOffset: true,
    limitParameter: 1,
    offsetParameter: 2,
    orderBy: [
      { table: 'orders', column: 'created_at', descending: true },
      { table: 'orders', column: 'id', descending: true },
    ],
    parameters,
    ...more,
  })
const used = [use('GET /orders', 'page', 500, 20_000, { site: siteAt(30) })]
const given = (parameters: readonly ParameterSample[], more = {}) => ({
  statements: statementsOf([page(parameters, more)], used),
})

describePractice(keysetPagination, {
  silent: {
    'nobody goes beyond row 200': given([at(0, 1), at(180, 1.2)]),
    'no OFFSET anywhere': {
      statements: statementsOf(
        [statement('a', 'SELECT id FROM a LIMIT 5', { tables: ['a'] })],
        [use('GET /a', 'a', 9, 9)],
      ),
    },
    'deep pages are as fast as shallow ones': given([at(0, 8), at(5_000, 9), at(20_000, 12)]),
    'a deep page takes 2 ms': given([at(0, 0.2), at(5_000, 2)]),
    'only the slowest shallow page is as slow, the deep ones are not': given([
      at(0, 9, 'slowest'),
      at(40, 6),
      at(5_000, 7),
    ]),
    'parameters were not captured': given([]),
    'a background job pages through everything': {
      statements: statementsOf([page([at(0, 1), at(50_000, 90)])], [use('', 'page', 500, 20_000)]),
    },
    'one per cent of the database time': {
      statements: statementsOf(
        [page([at(0, 1), at(50_000, 90)]), statement('main', 'SELECT id FROM a', { tables: ['a'] })],
        [use('GET /orders', 'page', 2, 100), use('GET /a', 'main', 900, 20_000)],
      ),
    },
  },
  reports: {
    'deep pages cost forty times the first': {
      evidence: given([at(0, 1), at(20, 1.2), at('15000', 45), at(14_000, 44)]),
      finds: [
        {
          fingerprint: 'keyset-pagination|GET /orders|page|',
          practice: 'keyset-pagination',
          title: 'Pages up to row 15,000 by OFFSET: 45 ms where the first pages take 1.1 ms',
          where: { statementId: 'page', route: 'GET /orders', site: siteAt(30) },
          facts: [
            expect.objectContaining({ label: 'deepest offset seen', quantity: { value: 15_000, unit: 'rows' } }),
            expect.objectContaining({ label: 'time of a deep page', quantity: { value: 44.5, unit: 'ms' } }),
            expect.objectContaining({ label: 'time of a shallow page', quantity: { value: 1.1, unit: 'ms' } }),
            expect.objectContaining({ label: 'rows of a page', quantity: { value: 20, unit: 'rows' } }),
            expect.objectContaining({ label: 'share of the database time', quantity: { value: 1, unit: 'fraction' } }),
          ],
          confidence: 'strong',
          edit: {
            kind: 'plan',
            statements: [
              { statementId: 'page', costBefore: 14_520, costAfter: 20, medianMsBefore: 40, medianMsAfter: 1.1 },
            ],
          },
          remedy: expect.objectContaining({
            code: {
              language: 'sql',
              before: 'SELECT id FROM orders ORDER BY created_at DESC, id DESC LIMIT $1 OFFSET $2',
              after:
                'SELECT id FROM orders WHERE (created_at, id) < ($1, $2) ORDER BY created_at DESC, id DESC LIMIT $3\n' +
                '-- needs an index in this order: CREATE INDEX CONCURRENTLY ON orders (created_at, id);',
            },
          }),
        },
      ],
    },
    'costs come from the plans of the captured pages': {
      evidence: {
        ...given([at(0, 1), at(15_000, 45)]),
        pg: pgOf({
          plans: [
            { statementId: 'page', kind: 'parameters', parameterSet: 0, totalCost: 4, root: plan('Limit', 4) },
            { statementId: 'page', kind: 'parameters', parameterSet: 1, totalCost: 8_613, root: plan('Limit', 8_613) },
          ],
        }),
      },
      finds: [
        expect.objectContaining({
          edit: {
            kind: 'plan',
            statements: [expect.objectContaining({ costBefore: 8_613, costAfter: 4 })],
          },
        }),
      ],
    },
    'only deep pages were captured': {
      evidence: given([at(15_000, 45), at(14_000, 44)]),
      finds: [expect.objectContaining({ confidence: 'suspected', title: 'Pages up to row 15,000 by OFFSET: 45 ms' })],
    },
  },
})
