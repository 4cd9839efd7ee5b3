import type { IndexTrial, IndexTrialResult, PgEvidence } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import {
  column,
  equal,
  index,
  pgOf,
  plan,
  range,
  siteAt,
  statement,
  statementsOf,
  table,
  use,
} from '../derive/testing/evidence.ts'
import { missingIndex } from './missing-index.ts'

const items = statement('items', 'SELECT sku FROM items WHERE order_id = $1', {
  tables: ['items'],
  conditions: [equal('items', 'order_id')],
})
const used = [use('GET /orders', 'items', 500, 29_000, { site: siteAt(12) })]
const statements = statementsOf([items], used)
const itemsTable = table('items', 900_000, [
  column('id', { distinct: -1 }),
  column('order_id', { distinct: 300_000 }),
  column('status', { distinct: 4, type: 'text' }),
  column('note', { type: 'text' }),
])
const scan = (rows = 3, cost = 11_379) =>
  plan('Seq Scan', cost, { relation: 'items', planRows: rows, filter: '(order_id = $1)' })
const planned = (statementId: string, root = scan()) => ({
  statementId,
  kind: 'generic' as const,
  totalCost: root.totalCost,
  root,
})
const candidate = {
  schema: 'public',
  table: 'items',
  columns: [{ name: 'order_id' }],
  method: 'btree' as const,
}
const result = (more: Partial<IndexTrialResult> = {}): IndexTrialResult => ({
  statementId: 'items',
  parameterSet: 0,
  costBefore: 11_379,
  costAfter: 17,
  usesCandidate: true,
  medianMsBefore: 58.6,
  medianMsAfter: 0.27,
  ...more,
})
const tried = (...results: IndexTrialResult[]): IndexTrial => ({
  candidate,
  by: 'scratch-copy',
  indexBytes: 20_000_000,
  buildMs: 300,
  results,
})
const pg = (more: Partial<PgEvidence> = {}) =>
  pgOf({
    tables: [itemsTable],
    indexes: [index('items', ['id'], { unique: true, primary: true })],
    plans: [planned('items')],
    ...more,
  })

describePractice(missingIndex, {
  silent: {
    'a lookup by an indexed column': {
      pg: pg({ indexes: [index('items', ['order_id'])], plans: [planned('items', plan('Index Scan', 8))] }),
      statements,
    },
    'an index that begins with the column is there already': {
      pg: pg({ indexes: [index('items', ['order_id', 'id'])] }),
      statements,
    },
    'a dozen rows read in full': { pg: pg({ tables: [table('items', 12, itemsTable.columns)] }), statements },
    'a full scan that costs less than 100': { pg: pg({ plans: [planned('items', scan(3, 90))] }), statements },
    'a condition that keeps 98.9 % of the rows': { pg: pg({ plans: [planned('items', scan(890_000))] }), statements },
    'an unfiltered count': {
      pg: pg({ plans: [planned('count', scan(900_000))] }),
      statements: statementsOf(
        [statement('count', 'SELECT count(*) FROM items', { tables: ['items'], isCount: true, hasAggregate: true })],
        [use('GET /orders', 'count', 100, 5_000)],
      ),
    },
    'background work outside any request': {
      pg: pg(),
      statements: statementsOf([items], [use('', 'items', 500, 29_000)]),
    },
    'a statement with half a per cent of the time': {
      pg: pg(),
      statements: statementsOf(
        [items, statement('other', 'SELECT id FROM other WHERE id = $1', { tables: ['other'] })],
        [use('GET /orders', 'items', 5, 5), use('GET /orders', 'other', 500, 9_000)],
      ),
    },
    'the plan with the index costs two thirds of the plan without': {
      pg: pg({ indexTrials: [tried(result({ costAfter: 7_600 }))] }),
      statements,
    },
    'the planner does not use it': { pg: pg({ indexTrials: [tried(result({ usesCandidate: false }))] }), statements },
    'the cost falls but the time does not': {
      pg: pg({ indexTrials: [tried(result({ medianMsAfter: 55 }))] }),
      statements,
    },
    'right for page 1, wrong for page 750': {
      pg: pg({
        indexTrials: [
          tried(
            result({ medianMsBefore: 60, medianMsAfter: 0.3 }),
            result({ parameterSet: 1, costAfter: 9_000, medianMsBefore: 20, medianMsAfter: 42 }),
          ),
        ],
      }),
      statements,
    },
    'pages of which the deepest hardly gains, though a copy in memory is quick': {
      pg: pg({
        indexTrials: [
          tried(
            result({ costAfter: 4_000, medianMsBefore: 250, medianMsAfter: 50 }),
            result({ parameterSet: 1, costAfter: 7_000, medianMsBefore: 250, medianMsAfter: 60 }),
          ),
        ],
      }),
      statements: statementsOf([{ ...items, shape: { ...items.shape!, hasOffset: true } }], used),
    },
    'nothing can be planned and the scan is small': {
      pg: pg({ plans: [planned('items', scan(3, 600))], unavailable: { indexTrials: 'no copy could be made' } }),
      statements,
    },
    'a foreign table nobody could describe': { pg: pgOf({ plans: [planned('items')] }), statements },
    'a statement the parser refused': {
      pg: pg(),
      statements: { ...statements, statements: [{ id: 'items', text: items.text, parameters: [] }] },
    },
  },
  reports: {
    'round one asks for the index to be planned': {
      evidence: { pg: pg(), statements },
      asks: [{ kind: 'index-trial', candidate, statementIds: ['items'] }],
    },
    'the most distinct of two equal columns is asked for first, the other too': {
      evidence: {
        pg: pg({ plans: [planned('two')] }),
        statements: statementsOf(
          [
            statement('two', 'SELECT id FROM items WHERE status = $1 AND order_id = $2', {
              tables: ['items'],
              conditions: [equal('items', 'status'), equal('items', 'order_id'), range('items', 'id')],
            }),
          ],
          [use('GET /orders', 'two', 500, 9_000)],
        ),
      },
      asks: [
        { kind: 'index-trial', candidate, statementIds: ['two'] },
        { kind: 'index-trial', candidate: { ...candidate, columns: [{ name: 'status' }] }, statementIds: ['two'] },
      ],
    },
    'an index that only serves the order is told as one': {
      evidence: {
        pg: pg({
          plans: [
            planned(
              'items',
              plan('Limit', 30_000, { children: [plan('Sort', 30_000, { children: [scan(900_000, 20_000)] })] }),
            ),
          ],
          indexTrials: [tried(result({ costBefore: 30_000 }))],
        }),
        statements: statementsOf(
          [
            statement('items', 'SELECT sku FROM items ORDER BY order_id LIMIT 20', {
              tables: ['items'],
              hasLimit: true,
              orderBy: [{ table: 'items', column: 'order_id', descending: false }],
            }),
          ],
          used,
        ),
      },
      finds: [expect.objectContaining({ title: 'items is read in full (900,000 rows) to sort by order_id' })],
    },
    'the line of the project is named, where a heavier statement comes from a library': {
      evidence: {
        pg: pg({ indexTrials: [tried(result(), result({ statementId: 'own', medianMsBefore: 20 }))] }),
        statements: statementsOf(
          [items, { ...items, id: 'own', issuedBy: 'knex' }],
          [
            use('GET /posts', 'items', 500, 29_000, {
              site: [{ file: 'node_modules/@strapi/database/dist/query-builder.js', line: 471, column: 1 }],
            }),
            use('GET /feed', 'own', 500, 10_000, { site: siteAt(8, 'src/post.js') }),
          ],
        ),
      },
      finds: [
        expect.objectContaining({
          where: {
            statementId: 'own',
            route: 'GET /feed',
            site: siteAt(8, 'src/post.js'),
            resource: 'items(order_id)',
          },
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([expect.stringMatching(/^With Knex: .*migration/)]),
          }),
        }),
      ],
    },
    'an index that is read from end to end is no table': {
      evidence: {
        pg: pg({
          indexTrials: [
            tried(
              result({
                planBefore: plan('Index Only Scan', 11_379, { relation: 'items', index: 'items_uq', planRows: 3 }),
              }),
            ),
          ],
        }),
        statements,
      },
      finds: [
        expect.objectContaining({
          title: 'All of the index items_uq of items is read (900,000 rows) to find rows by order_id',
        }),
      ],
    },
    'round two reports what was measured': {
      evidence: { pg: pg({ indexTrials: [tried(result(), result({ parameterSet: 1 }))] }), statements },
      finds: [
        {
          fingerprint: 'missing-index|||items(order_id)',
          practice: 'missing-index',
          title: 'items is read in full (900,000 rows) to find rows by order_id',
          where: { statementId: 'items', route: 'GET /orders', site: siteAt(12), resource: 'items(order_id)' },
          facts: [
            {
              label: 'time without the index',
              quantity: { value: 58.6, unit: 'ms' },
              evidence: { kind: 'pg', statementId: 'items' },
            },
            expect.objectContaining({ label: 'time with the index', quantity: { value: 0.27, unit: 'ms' } }),
            expect.objectContaining({
              label: 'plan cost without the index',
              quantity: { value: 11_380, unit: 'cost' },
            }),
            expect.objectContaining({ label: 'plan cost with the index', quantity: { value: 17, unit: 'cost' } }),
            expect.objectContaining({ label: 'rows of the table', quantity: { value: 900_000, unit: 'rows' } }),
            expect.objectContaining({ label: 'statements it serves', quantity: { value: 1, unit: 'count' } }),
            expect.objectContaining({ label: 'size of the index', quantity: { value: 20_000_000, unit: 'bytes' } }),
            expect.objectContaining({ label: 'time to build it', quantity: { value: 300, unit: 'ms' } }),
          ],
          confidence: 'measured',
          edit: {
            kind: 'plan',
            statements: [
              { statementId: 'items', costBefore: 11_379, costAfter: 17, medianMsBefore: 58.6, medianMsAfter: 0.27 },
            ],
          },
          remedy: {
            summary: 'Create an index on items(order_id).',
            steps: [
              '"SELECT sku FROM items WHERE order_id = $1": 59 ms became 270 µs, tried with 2 captured parameter sets.',
              'It takes 20 MB and 300 ms to build.',
              'CONCURRENTLY does not block writes; run it outside a transaction, and drop the invalid index if it is interrupted.',
            ],
            code: { language: 'sql', after: 'CREATE INDEX CONCURRENTLY items_order_id_idx ON items (order_id);' },
          },
        },
      ],
    },
    'LIMIT 1 makes the scan look cheap, but a late key takes its time': {
      evidence: {
        pg: pg({
          plans: [planned('items', plan('Limit', 4, { children: [scan(3_000, 17_000)] }))],
          indexTrials: [
            tried(
              result({ costBefore: 4, costAfter: 0.4, medianMsBefore: 0.4, medianMsAfter: 0.2 }),
              result({
                parameterSet: 1,
                costBefore: 4,
                costAfter: 0.4,
                medianMsBefore: 20,
                medianMsAfter: 0.2,
                planBefore: plan('Limit', 4, { children: [scan(3_000, 17_000)] }),
              }),
            ),
          ],
        }),
        statements,
      },
      finds: [
        expect.objectContaining({
          confidence: 'measured',
          edit: { kind: 'plan', statements: [expect.objectContaining({ costBefore: 17_000, costAfter: 0.4 })] },
        }),
      ],
    },
    'a captured parameter set that pays where the generic plan does not': {
      evidence: {
        pg: pg({
          indexTrials: [
            tried(
              { statementId: 'items', costBefore: 11_743, costAfter: 9_961, usesCandidate: true },
              { statementId: 'items', parameterSet: 0, costBefore: 12_319, costAfter: 3_413, usesCandidate: true },
            ),
          ],
        }),
        statements,
      },
      finds: [expect.objectContaining({ confidence: 'strong' })],
    },
    'a search inside a text, by trigrams': {
      evidence: {
        pg: pg({ plans: [planned('search', scan(100))] }),
        statements: statementsOf(
          [
            statement('search', 'SELECT id FROM items WHERE note ILIKE $1', {
              tables: ['items'],
              conditions: [{ table: 'items', column: 'note', operator: 'like' }],
              parameters: [{ values: ['%lamp%'], kept: 'random', durationMs: 80 }],
            }),
          ],
          [use('GET /search', 'search', 500, 9_000)],
        ),
      },
      asks: [
        {
          kind: 'index-trial',
          candidate: { schema: 'public', table: 'items', columns: [{ name: 'note' }], method: 'gin' },
          statementIds: ['search'],
        },
      ],
    },
    'where nothing can be planned, a clearly large scan for a few rows is suspected': {
      evidence: { pg: pg({ unavailable: { indexTrials: 'no copy could be made' } }), statements },
      finds: [
        expect.objectContaining({
          confidence: 'suspected',
          facts: expect.arrayContaining([
            // (12 + 8) bytes for each of 900,000 entries, on pages that are full to 88 %.
            expect.objectContaining({ label: 'size of the index', quantity: { value: 20_450_000, unit: 'bytes' } }),
          ]),
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([
              expect.stringContaining('compare EXPLAIN before and after'),
              'It takes about 20.5 MB.',
            ]),
          }),
        }),
      ],
    },
  },
})
