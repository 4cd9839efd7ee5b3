import type { IndexTrial, PgEvidence } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { column, equal, pgOf, plan, siteAt, statement, statementsOf, table, use } from '../derive/testing/evidence.ts'
import { slowQueries } from './slow-queries.ts'

const report = (more = {}) =>
  statement('report', 'SELECT day, sum(total) FROM orders GROUP BY day', {
    tables: ['orders'],
    hasAggregate: true,
    groupBy: true,
    ...more,
  })
const plain = statement('plain', 'SELECT id FROM notes WHERE lower(name) = $1', { tables: ['notes'] })
const used = (id: string, calls: number, meanMs: number, more = {}) =>
  use('GET /report', id, calls, calls * meanMs, { site: siteAt(4), ...more })
/** A plain index would serve it; nobody planned it with one yet. */
const unindexed = {
  statements: statementsOf(
    [
      statement('plain', 'SELECT id FROM notes WHERE post = $1', {
        tables: ['notes'],
        conditions: [equal('notes', 'post')],
      }),
    ],
    [used('plain', 500, 60)],
  ),
  pg: pgOf({
    tables: [table('notes', 100_000, [column('post', { distinct: 5_000 })])],
    plans: [
      {
        statementId: 'plain',
        kind: 'generic',
        totalCost: 4_000,
        root: plan('Seq Scan', 4_000, { relation: 'notes', planRows: 20 }),
      },
    ],
  }),
}

/** Searches inside a text, which only trigrams serve. */
const search = statementsOf(
  [
    statement('search', 'SELECT id FROM notes WHERE body ILIKE $1', {
      tables: ['notes'],
      hasWhere: true,
      conditions: [{ table: 'notes', column: 'body', operator: 'like' }],
      parameters: [{ values: ['%lamp%'], kept: 'random', durationMs: 60 }],
    }),
  ],
  [used('search', 500, 60)],
)
const searched = (more: Partial<PgEvidence>) =>
  pgOf({
    tables: [table('notes', 100_000, [column('body', { type: 'text' })])],
    plans: [
      {
        statementId: 'search',
        kind: 'generic',
        totalCost: 4_000,
        root: plan('Seq Scan', 4_000, { relation: 'notes', planRows: 20 }),
      },
    ],
    ...more,
  })
const trigrams: IndexTrial = {
  candidate: { schema: 'public', table: 'notes', columns: [{ name: 'body' }], method: 'gin' },
  by: 'scratch-copy',
  results: [{ statementId: 'search', parameterSet: 0, costBefore: 4_000, costAfter: 4_000, usesCandidate: false }],
}
const steps = (...texts: readonly string[]) => [
  expect.objectContaining({
    remedy: expect.objectContaining({
      steps: ['"SELECT id FROM notes WHERE body ILIKE $1" ran 500 times on GET /report.', ...texts],
    }),
  }),
]

describePractice(slowQueries, {
  silent: {
    'fast statements, however often': { statements: statementsOf([plain], [used('plain', 90_000, 0.4)]) },
    'slow, but four per cent of the time in 20 calls': {
      statements: statementsOf([plain, report()], [used('plain', 20, 25), used('report', 12_000, 1)]),
    },
    'one slow call among thousands of fast ones': {
      statements: statementsOf([plain], [used('plain', 5_000, 1, { maxMs: 900 })]),
    },
    'background work': { statements: statementsOf([plain], [use('', 'plain', 500, 50_000)]) },
    'no statements': { statements: statementsOf([]) },
    'COMMIT that waits for the disk': {
      statements: statementsOf([statement('commit', 'COMMIT', { operation: 'commit' })], [used('commit', 500, 30)]),
    },
    'an index may serve it, which is still to be planned': unindexed,
    'a cheap plan on a busy machine': {
      statements: statementsOf([plain], [used('plain', 500, 60)]),
      pg: pgOf({ plans: [{ statementId: 'plain', kind: 'generic', totalCost: 19, root: plan('Index Scan', 19) }] }),
    },
    'the server answered in 2 ms': {
      statements: statementsOf([plain], [used('plain', 500, 60)]),
      pg: pgOf({
        statements: [
          {
            statementId: 'plain',
            text: plain.text,
            calls: 500,
            totalMs: 1_000,
            meanMs: 2,
            rows: 500,
            blocksHit: 9,
            blocksRead: 0,
            temporaryBlocks: 0,
          },
        ],
      }),
    },
    'deep pages': {
      statements: statementsOf(
        [
          statement('plain', 'SELECT id FROM notes OFFSET $1', {
            tables: ['notes'],
            hasOffset: true,
            offsetParameter: 1,
            parameters: [{ values: [9_000], kept: 'random', durationMs: 60 }],
          }),
        ],
        [used('plain', 500, 60)],
      ),
    },
    'thousands of rows without a limit': {
      statements: statementsOf([plain], [used('plain', 500, 60, { rows: 500 * 5_000 })]),
    },
  },
  reports: {
    'an aggregate over the whole table, on every request': {
      evidence: { statements: statementsOf([report()], [used('report', 200, 120, { rows: 6_000 })]) },
      finds: [
        {
          fingerprint: 'slow-queries||report|',
          practice: 'slow-queries',
          title: 'A statement on orders takes 120 ms each time, 100 % of the database time',
          where: { statementId: 'report', route: 'GET /report', site: siteAt(4) },
          facts: [
            expect.objectContaining({ label: 'mean', quantity: { value: 120, unit: 'ms' } }),
            expect.objectContaining({ label: 'slowest' }),
            expect.objectContaining({ label: 'calls', quantity: { value: 200, unit: 'count' } }),
            expect.objectContaining({ label: 'share of the database time', quantity: { value: 1, unit: 'fraction' } }),
            expect.objectContaining({ label: 'rows per call', quantity: { value: 30, unit: 'rows' } }),
          ],
          confidence: 'strong',
          edit: { kind: 'trace', change: { kind: 'remove', statementId: 'report' } },
          remedy: expect.objectContaining({ summary: 'Compute the aggregate ahead of time.' }),
        },
      ],
    },
    'a condition no index of the column serves, in a short run': {
      evidence: { statements: statementsOf([plain], [used('plain', 30, 45)]) },
      finds: [
        expect.objectContaining({
          title: 'A statement on notes takes 45 ms each time, 100 % of the database time',
          remedy: expect.objectContaining({ summary: 'Read its plan and give it less to read.' }),
        }),
      ],
    },
    'a search for which an index was tried in vain': {
      evidence: { statements: search, pg: searched({ indexTrials: [trigrams] }) },
      finds: steps(
        'No single index of its conditions pays: look for functions around columns, OR across tables, or a join that multiplies rows.',
      ),
    },
    'a search for which nobody could try the index that may serve it': {
      evidence: { statements: search, pg: searched({ unavailable: { indexTrials: 'no place to try an index' } }) },
      finds: steps(
        'An index may serve it, which could not be planned here: notes gin(body). Compare EXPLAIN before and after on a copy.',
        'Where none pays, look for functions around columns, OR across tables, or a join that multiplies rows.',
      ),
    },
    'a search in a database that nobody looked at': {
      evidence: { statements: search },
      finds: steps('Look in its plan for functions around columns, OR across tables, or a join that multiplies rows.'),
    },
    'rows and pages that their own practices were told to let pass': {
      evidence: {
        statements: statementsOf(
          [
            plain,
            statement('paged', 'SELECT id FROM notes OFFSET $1', {
              tables: ['notes'],
              hasOffset: true,
              offsetParameter: 1,
              parameters: [{ values: [9_000], kept: 'random', durationMs: 60 }],
            }),
          ],
          [used('plain', 500, 60, { rows: 500 * 5_000 }), used('paged', 500, 60)],
        ),
      },
      overrides: { 'limit-result-sets': { rows: 10_000 }, 'keyset-pagination': { offset: 20_000 } },
      finds: [
        expect.objectContaining({ fingerprint: 'slow-queries||paged|' }),
        expect.objectContaining({ fingerprint: 'slow-queries||plain|' }),
      ],
    },
    'deep pages that cost no more than the first ones': {
      evidence: {
        statements: statementsOf(
          [
            statement('paged', 'SELECT id FROM notes OFFSET $1', {
              tables: ['notes'],
              hasOffset: true,
              offsetParameter: 1,
              parameters: [
                { values: [9_000], kept: 'random', durationMs: 60 },
                { values: [0], kept: 'random', durationMs: 59 },
              ],
            }),
          ],
          [used('paged', 500, 60)],
        ),
      },
      finds: [expect.objectContaining({ fingerprint: 'slow-queries||paged|' })],
    },
    'an aggregate whose only $n is a constant of its text takes no parameters': {
      evidence: {
        statements: statementsOf(
          [
            {
              ...statement('totals', 'SELECT product_id, count(*) FROM reviews GROUP BY product_id LIMIT $1', {
                tables: ['reviews'],
                hasAggregate: true,
                hasLimit: true,
                rawText: 'SELECT product_id, count(*) FROM reviews GROUP BY product_id LIMIT 20',
                parameters: Array.from({ length: 5 }, () => ({ values: [20], kept: 'random', durationMs: 60 })),
              }),
              literalSets: 1,
            },
          ],
          [used('totals', 50, 60)],
        ),
      },
      finds: [
        expect.objectContaining({
          fingerprint: 'slow-queries||totals|',
          remedy: expect.objectContaining({
            steps: [
              expect.stringContaining('ran 50 times'),
              expect.stringContaining('materialised view'),
              'It takes no parameters, and what stands in its text was the same in every call: the view may hold the whole answer.',
            ],
          }),
        }),
      ],
    },
    'a table too small for an index by the figures set for it': {
      evidence: unindexed,
      overrides: { 'missing-index': { rows: 1_000_000 } },
      finds: [expect.objectContaining({ fingerprint: 'slow-queries||plain|' })],
    },
  },
})
