import type { PgEvidence, PgTable, PlanNode } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { column, equal, pgOf, plan, siteAt, statement, statementsOf, table, use } from '../derive/testing/evidence.ts'
import { staleStatistics } from './stale-statistics.ts'

const visits = statement('visits', 'SELECT id FROM visits WHERE day = $1', {
  tables: ['visits'],
  conditions: [equal('visits', 'day')],
})
const given = (meanMs = 30, rowsPerCall = 9_000) =>
  statementsOf(
    [visits],
    [use('GET /visits', 'visits', 200, 200 * meanMs, { rows: 200 * rowsPerCall, site: siteAt(7) })],
  )
const loaded = (more: Partial<PgTable> = {}) =>
  table('visits', 200_000, [column('day', { distinct: 5 })], {
    lastAnalyze: '2026-01-01T00:00:00.000Z',
    modifiedSinceAnalyze: 180_000,
    ...more,
  })
const never = table('visits', 200_000, [column('day')], { modifiedSinceAnalyze: 200_000 })
const scan = (planRows: number, actualRows?: number): PlanNode =>
  plan('Index Scan', 400, {
    relation: 'visits',
    planRows,
    ...(actualRows === undefined ? {} : { actualRows, actualLoops: 1 }),
  })
const pg = (
  kind: 'analyze' | 'parameters' | 'generic',
  root: PlanNode,
  own = loaded(),
  more: Partial<PgEvidence> = {},
) => pgOf({ tables: [own], plans: [{ statementId: 'visits', kind, totalCost: 400, root }], ...more })

describePractice(staleStatistics, {
  silent: {
    'a run of an older version': {
      pg: pgOf({ tables: [table('visits', 200_000, [column('day')])] }),
      statements: given(),
    },
    'a changed table whose plan still holds': { pg: pg('analyze', scan(8_000, 9_000)), statements: given() },
    'a wrong estimate on a table that did not change': {
      pg: pg('analyze', scan(2, 9_000), loaded({ modifiedSinceAnalyze: 900 })),
      statements: given(),
    },
    'a wrong estimate on another table': {
      pg: pg('analyze', { ...scan(2, 9_000), relation: 'orders' }),
      statements: given(30, 3),
    },
    'a fresh table that nobody analysed, its plan in order': {
      pg: pg('analyze', scan(8_000, 9_000), never),
      statements: given(),
    },
    'a handful of rows': { pg: pg('analyze', scan(1, 90)), statements: given(30, 90) },
    'a statement that is fast all the same': { pg: pg('analyze', scan(2, 9_000)), statements: given(1) },
    'a generic plan, which knows no parameters': { pg: pg('generic', scan(2)), statements: given() },
    'a plan with parameters that expects what was returned': {
      pg: pg('parameters', scan(7_000)),
      statements: given(),
    },
    'a LIMIT that returns less than the plan below expected': {
      pg: pg('parameters', scan(90_000)),
      statements: statementsOf(
        [{ ...visits, shape: { ...visits.shape!, hasLimit: true } }],
        [use('GET /visits', 'visits', 200, 6_000)],
      ),
    },
    'a small table': { pg: pg('analyze', scan(2, 9_000), loaded({ rows: 500 })), statements: given() },
  },
  reports: {
    'a bulk load that nobody analysed': {
      evidence: { pg: pg('analyze', scan(2, 9_000)), statements: given() },
      finds: [
        {
          fingerprint: 'stale-statistics|||visits',
          practice: 'stale-statistics',
          title: '180,000 rows of visits changed since it was analysed: a plan expects 2 rows and meets 9,000',
          where: { statementId: 'visits', route: 'GET /visits', site: siteAt(7), resource: 'visits' },
          facts: [
            expect.objectContaining({ quantity: { value: 180_000, unit: 'rows' } }),
            expect.objectContaining({ quantity: { value: 200_000, unit: 'rows' } }),
            expect.objectContaining({ label: 'rows expected', quantity: { value: 2, unit: 'rows' } }),
            expect.objectContaining({ label: 'rows found', quantity: { value: 9_000, unit: 'rows' } }),
          ],
          confidence: 'strong',
          remedy: {
            summary: 'Analyse visits, and do so at the end of every job that loads it.',
            steps: expect.arrayContaining([expect.stringContaining('up to a minute later')]) as string[],
            code: {
              language: 'sql',
              after: 'ANALYZE visits;\nALTER TABLE visits SET (autovacuum_analyze_scale_factor = 0.02);',
            },
          },
        },
      ],
    },
    'the same, seen by the rows that came back': {
      evidence: { pg: pg('parameters', scan(2)), statements: given() },
      finds: [expect.objectContaining({ title: expect.stringContaining('expects 2 rows and meets 9,000') as string })],
    },
    'a table that was never analysed': {
      evidence: {
        pg: pg('analyze', scan(2, 9_000), {
          ...never,
          autovacuum: {
            enabled: false,
            vacuumThreshold: 50,
            vacuumScaleFactor: 0.2,
            analyzeThreshold: 50,
            analyzeScaleFactor: 0.1,
          },
        }),
        statements: given(),
      },
      finds: [
        expect.objectContaining({
          title: 'visits (200,000 rows) was never analysed: a plan expects 2 rows and meets 9,000',
          remedy: expect.objectContaining({
            code: {
              language: 'sql',
              after:
                'ANALYZE visits;\nALTER TABLE visits RESET (autovacuum_enabled);\nALTER TABLE visits SET (autovacuum_analyze_scale_factor = 0.02);',
            },
          }),
        }),
      ],
    },
  },
})
