import type { PgEvidence, PlanNode } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { column, equal, pgOf, plan, siteAt, statement, statementsOf, table, use } from '../derive/testing/evidence.ts'
import { explainPlans } from './explain-plans.ts'

const search = statement('search', 'SELECT name FROM addresses WHERE city = $1 AND zip = $2 ORDER BY name', {
  tables: ['addresses'],
  conditions: [equal('addresses', 'city'), equal('addresses', 'zip')],
})
const given = (meanMs = 30) =>
  statementsOf([search], [use('GET /search', 'search', 200, 200 * meanMs, { site: siteAt(7) })])
const analysed = [
  column('city', { distinct: 500 }),
  column('zip', { distinct: 5_000 }),
  column('name', { distinct: -1 }),
]
const indexed = {
  schema: 'public',
  table: 'addresses',
  name: 'i',
  columns: ['city', 'zip'],
  unique: false,
  primary: false,
  valid: true,
  partial: false,
  method: 'btree',
  definition: '',
  bytes: 1,
  scans: 1,
}
const second = { ...indexed, name: 'j', columns: ['zip'] }
const third = { ...indexed, name: 'k', columns: ['city', 'zip', 'name'] }
const pg = (root: PlanNode, more: Partial<PgEvidence> = {}) =>
  pgOf({
    tables: [table('addresses', 200_000, analysed, { lastAnalyze: '2026-01-01' })],
    indexes: [indexed, second, third],
    plans: [{ statementId: 'search', kind: 'analyze', parameterSet: 0, totalCost: 500, root, executionMs: 30 }],
    ...more,
  })
const scan = (planRows: number, actualRows: number, more: Partial<PlanNode> = {}) =>
  plan('Index Scan', 400, { relation: 'addresses', planRows, actualRows, actualLoops: 1, ...more })
const ran = (root: PlanNode, more: Partial<PgEvidence['plans'][number]>) =>
  pg(root, {
    plans: [{ statementId: 'search', kind: 'analyze', totalCost: 500, root, executionMs: 30, ...more }],
  })
const loop = (inner: string, loops: number, rows = 800) =>
  plan('Nested Loop', 900, {
    planRows: 900,
    actualRows: 900,
    actualLoops: 1,
    children: [
      scan(2_000, 2_000),
      plan(inner, 5, { relation: 'addresses', planRows: rows, actualRows: rows, actualLoops: loops }),
    ],
  })
const byNumber = statement('search', 'SELECT name FROM customers WHERE id::text = $1', { tables: ['customers'] })
const byNumberGiven = (meanMs = 30) =>
  statementsOf([byNumber], [use('GET /search', 'search', 200, 200 * meanMs, { site: siteAt(7) })])
/** A full scan of customers, whose key is an integer. */
const converted = (filter: string, more: Partial<PlanNode> = {}, type = 'integer') =>
  pgOf({
    tables: [table('customers', 90_000, [column('id', { type, distinct: -1 }), column('at', { type: 'date' })])],
    indexes: [{ ...indexed, table: 'customers', name: 'customers_pkey', columns: ['id'], unique: true, primary: true }],
    plans: (['generic', 'analyze'] as const).map(kind => ({
      statementId: 'search',
      kind,
      totalCost: 2_400,
      root: plan('Seq Scan', 2_400, { relation: 'customers', planRows: 450, filter, ...more }),
    })),
  })
const spilled = (temporaryBlocks: number) => ({
  statements: [
    {
      statementId: 'search',
      text: search.text,
      calls: 200,
      totalMs: 6_000,
      meanMs: 30,
      rows: 200,
      blocksHit: 1,
      blocksRead: 0,
      temporaryBlocks,
    },
  ],
})

describePractice(explainPlans, {
  silent: {
    'estimates that hold': { pg: pg(scan(900, 1_100)), statements: given() },
    'three times off is near enough': { pg: pg(scan(1_000, 3_000)), statements: given() },
    'ten times off at a handful of rows': { pg: pg(scan(1, 40)), statements: given() },
    'a LIMIT above stopped it early': { pg: pg(scan(50_000, 20)), statements: given() },
    'a node that never ran': { pg: pg(scan(1, 0, { actualLoops: 0 })), statements: given() },
    'a generic plan, which met no rows, where statements cannot be run': {
      pg: pg(scan(1, 1), {
        plans: [{ statementId: 'search', kind: 'generic', totalCost: 500, root: scan(2, 90_000) }],
        unavailable: { explain: 'no place to run it' },
      }),
      statements: given(),
    },
    'a fast statement with a wrong estimate': { pg: pg(scan(2, 90_000)), statements: given(1) },
    'it wants an index, which is another cause': {
      pg: pg(plan('Seq Scan', 4_000, { relation: 'addresses', planRows: 2, actualRows: 9_000, actualLoops: 1 }), {
        indexes: [],
        plans: [
          {
            statementId: 'search',
            kind: 'analyze',
            totalCost: 4_000,
            root: plan('Seq Scan', 4_000, { relation: 'addresses', planRows: 2, actualRows: 9_000, actualLoops: 1 }),
          },
        ],
      }),
      statements: given(),
    },
    'a write is never run to see its plan': {
      pg: pg(scan(900, 900), { plans: [] }),
      statements: statementsOf(
        [statement('search', 'DELETE FROM addresses WHERE city = $1', { operation: 'delete', tables: ['addresses'] })],
        [use('POST /move', 'search', 200, 6_000)],
      ),
    },
    'a sort that goes through files, which is another cause': {
      pg: pg(scan(2, 9_000), spilled(200 * 1_000)),
      statements: given(),
    },
    'a table that changed since it was analysed, which is another cause': {
      pg: pg(scan(2, 9_000), {
        tables: [table('addresses', 200_000, analysed, { lastAnalyze: '2026-01-01', modifiedSinceAnalyze: 90_000 })],
      }),
      statements: given(),
    },
    'a table nobody analysed, which is another cause': {
      pg: pg(scan(2, 9_000), { tables: [table('addresses', 200_000, [column('city'), column('zip')])] }),
      statements: given(),
    },
    'a thousand lookups by key': { pg: pg(loop('Index Scan', 2_000)), statements: given() },
    'a list of a few rows read in a loop': { pg: pg(loop('Seq Scan', 2_000, 2)), statements: given() },
    'compiling that takes a tenth of the time': { pg: ran(scan(900, 900), { jitMs: 3 }), statements: given() },
    'a filter that keeps one row of ten': {
      pg: pg(scan(900, 900, { rowsRemovedByFilter: 9_000 })),
      statements: given(),
    },
    'a small table that is read in full for one row': {
      pg: pg(scan(1, 1, { rowsRemovedByFilter: 900 })),
      statements: given(),
    },
    'a bitmap of which a block is lossy': {
      pg: pg(scan(900, 900, { lossyHeapBlocks: 1, exactHeapBlocks: 4_000 })),
      statements: given(),
    },
    'a sort in memory': { pg: pg(scan(900, 900, { sortMethod: 'quicksort' }), spilled(0)), statements: given() },
    'a cast to another name of the same type': {
      pg: converted('((id)::text = $1)', {}, 'character varying(20)'),
      statements: byNumberGiven(),
    },
    'a cast of the value, not of the column': {
      pg: converted('(id = ($1)::integer)'),
      statements: byNumberGiven(),
    },
    'a cast in a statement that is fast': {
      pg: converted('((id)::text = $1)'),
      statements: byNumberGiven(1),
    },
    'a cast of a column that has no index': {
      pg: converted("((at)::text = '2026-01-01'::text)"),
      statements: byNumberGiven(),
    },
    'background work': { pg: pg(scan(2, 90_000)), statements: statementsOf([search], [use('', 'search', 200, 9_000)]) },
  },
  reports: {
    'a heavy statement that nobody has run under EXPLAIN is asked for': {
      evidence: {
        pg: pg(scan(900, 900), {
          plans: [{ statementId: 'search', kind: 'generic', totalCost: 500, root: scan(900, 900) }],
        }),
        statements: given(),
      },
      asks: [{ kind: 'explain', statementId: 'search' }],
    },
    'what it knows already stands beside what it asks for': {
      evidence: {
        pg: pg(scan(2, 9_000)),
        statements: statementsOf(
          [search, { ...search, id: 'other', text: `${search.text} DESC` }],
          [use('GET /search', 'search', 200, 6_000, { site: siteAt(7) }), use('GET /other', 'other', 200, 6_000)],
        ),
      },
      finds: [expect.objectContaining({ title: '9,000 rows where the plan expected 2' })],
      asks: [{ kind: 'explain', statementId: 'other' }],
    },
    'two columns that go together': {
      evidence: { pg: pg(scan(2, 9_000)), statements: given() },
      finds: [
        {
          fingerprint: 'explain-plans||search|addresses',
          practice: 'explain-plans',
          title: '9,000 rows where the plan expected 2',
          where: { statementId: 'search', route: 'GET /search', site: siteAt(7), resource: 'addresses' },
          facts: [
            expect.objectContaining({ label: 'rows expected', quantity: { value: 2, unit: 'rows' } }),
            expect.objectContaining({ label: 'rows found', quantity: { value: 9_000, unit: 'rows' } }),
            expect.objectContaining({ label: 'times too low', quantity: { value: 4_500, unit: 'ratio' } }),
          ],
          confidence: 'strong',
          remedy: {
            summary: 'Tell the planner that city and zip go together.',
            steps: [
              expect.stringContaining('It concerns "SELECT name'),
              'Index Scan on addresses was planned for 2 rows and met 9000.',
            ],
            code: {
              language: 'sql',
              after:
                'CREATE STATISTICS (dependencies, ndistinct, mcv) ON city, zip FROM addresses;\nANALYZE addresses;',
            },
          },
        },
      ],
    },
    'an index that a cast keeps away': {
      evidence: { pg: converted('((id)::text = $1)'), statements: byNumberGiven() },
      finds: [
        expect.objectContaining({
          title: 'The index customers_pkey is of no use: customers.id (integer) is compared as text',
          where: expect.objectContaining({ site: siteAt(7), resource: 'customers.id' }),
          edit: { kind: 'plan', statements: [{ statementId: 'search', costBefore: 2_400, costAfter: 12 }] },
          remedy: expect.objectContaining({
            code: { language: 'sql', before: 'WHERE id::text = $1', after: 'WHERE id = $1::integer' },
          }),
        }),
      ],
    },
    'an index that a join by another type keeps away': {
      evidence: {
        pg: converted('', {
          nodeType: 'Hash Join',
          relation: 'none',
          joinCondition: '((c.id)::numeric = o.customer)',
          children: [
            plan('Seq Scan', 2_300, { relation: 'customers', alias: 'c', planRows: 90_000 }),
            plan('Hash', 40, { planRows: 5, children: [plan('Index Scan', 40, { relation: 'orders', alias: 'o' })] }),
          ],
        }),
        statements: byNumberGiven(),
      },
      finds: [
        expect.objectContaining({
          title: 'The index customers_pkey is of no use: customers.id (integer) is compared as numeric',
          edit: { kind: 'plan', statements: [{ statementId: 'search', costBefore: 2_400, costAfter: 40 + 5 * 12 }] },
          remedy: expect.objectContaining({
            code: { language: 'sql', before: 'ON id::numeric = other', after: 'ON id = other::integer' },
          }),
        }),
      ],
    },
    'a statement that is compiled for longer than it runs': {
      evidence: { pg: ran(scan(900, 900), { jitMs: 20 }), statements: given() },
      finds: [
        expect.objectContaining({
          title: '20 ms of 30 ms go into compiling the statement',
          edit: {
            kind: 'plan',
            statements: [
              { statementId: 'search', costBefore: 30, costAfter: 10, medianMsBefore: 30, medianMsAfter: 10 },
            ],
          },
        }),
      ],
    },
    'a table that is read in full for each row of another': {
      evidence: { pg: pg(loop('Seq Scan', 2_000)), statements: given() },
      finds: [
        expect.objectContaining({
          title: 'addresses of 800 rows is read 2,000 times in one statement',
          where: expect.objectContaining({ resource: 'addresses' }),
        }),
      ],
    },
    'a bitmap that did not fit': {
      evidence: {
        pg: pg(scan(900, 900, { nodeType: 'Bitmap Heap Scan', lossyHeapBlocks: 3_000, exactHeapBlocks: 1_000 })),
        statements: given(),
      },
      finds: [
        expect.objectContaining({
          title: '75 % of 4,000 blocks are checked row by row, because their bitmap did not fit',
        }),
      ],
    },
    'a condition that no index serves': {
      evidence: {
        pg: pg(scan(20, 20, { filter: "(lower(name) ~~ '%x%')", rowsRemovedByFilter: 90_000 })),
        statements: given(),
      },
      finds: [
        expect.objectContaining({
          title: '90,000 rows are read and thrown away for 20 that are kept',
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([expect.stringContaining("no index serves: (lower(name) ~~ '%x%')")]),
          }),
        }),
      ],
    },
  },
})
