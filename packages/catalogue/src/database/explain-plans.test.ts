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
    'a sort in memory': { pg: pg(scan(900, 900, { sortMethod: 'quicksort' }), spilled(0)), statements: given() },
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
      evidence: { pg: pg(scan(900, 900), { plans: [], ...spilled(200 * 1_000) }), statements: given() },
      finds: [expect.objectContaining({ title: 'A sort or hash spills 8.2 MB to disk at each call' })],
      asks: [{ kind: 'explain', statementId: 'search' }],
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
    'a sort that spills 8 MB': {
      evidence: { pg: pg(scan(900, 900), spilled(200 * 1_000)), statements: given() },
      finds: [
        expect.objectContaining({
          title: 'A sort or hash spills 8.2 MB to disk at each call',
          remedy: expect.objectContaining({
            code: { language: 'sql', after: "SET LOCAL work_mem = '32MB'; -- in the transaction of this statement" },
          }),
        }),
      ],
    },
    'a table nobody analysed': {
      evidence: {
        pg: pg(scan(900, 900), { tables: [table('addresses', 200_000, [column('city'), column('zip')])] }),
        statements: given(),
      },
      finds: [expect.objectContaining({ title: expect.stringContaining('it was never analysed') })],
    },
  },
})
