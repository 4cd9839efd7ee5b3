import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import {
  equal,
  query,
  series,
  siteAt,
  statement,
  statementsOf,
  times,
  trace,
  tracesOf,
} from '../derive/testing/evidence.ts'
import { batchReads } from './batch-reads.ts'

const person = (more = {}) =>
  statement('person', 'SELECT id, name FROM people WHERE id = $1', {
    tables: ['people'],
    targetColumns: ['id', 'name'],
    conditions: [equal('people', 'id')],
    ...more,
  })
const statements = statementsOf([person()])
const document = query('document', 1, 1, { rows: 1 })
const asked = (spans = series('person', 4), durationMs = 15, more = {}) =>
  tracesOf(times(10, trace('GET /documents/:id', durationMs, [document, ...spans], more)))

describePractice(batchReads, {
  silent: {
    'two reads, which may depend on one another': { traces: asked(series('person', 2)), statements },
    'one statement for all keys': { traces: asked([query('person', 3, 2, { rows: 4 })]), statements },
    'a loop, which is the cause of n-plus-one': { traces: asked(series('person', 20), 60), statements },
    'reads so quick that nobody feels them': { traces: asked(series('person', 4, { eachMs: 0.3 })), statements },
    'a tenth of a request that computes': { traces: asked(series('person', 4), 90), statements },
    'one row again and again, which is about duplicates': {
      traces: asked(series('person', 4, { more: { parametersHash: 'same' } })),
      statements,
    },
    'keys nobody recorded: it may be one row': {
      traces: tracesOf(
        times(
          10,
          trace(
            'GET /documents/:id',
            15,
            [1, 4, 7].map(startMs => query('person', startMs, 2, { rows: 1 })),
          ),
        ),
      ),
      statements,
    },
    'one request in ten': {
      traces: tracesOf([
        ...times(9, trace('GET /documents/:id', 5, [document])),
        trace('GET /documents/:id', 15, series('person', 4), { id: 'rare' }),
      ]),
      statements,
    },
    'lists read by a range, not rows by a key': {
      traces: asked(),
      statements: statementsOf([person({ conditions: [{ table: 'people', column: 'id', operator: 'range' }] })]),
    },
    'a join, of which nobody knows whose key it is': {
      traces: asked(),
      statements: statementsOf([person({ tables: ['people', 'teams'] })]),
    },
    'rows counted by a key': {
      traces: asked(),
      statements: statementsOf([person({ isCount: true, hasAggregate: true })]),
    },
    'rows locked in an order': { traces: asked(), statements: statementsOf([person({ locks: true })]) },
    writes: {
      traces: asked(),
      statements: statementsOf([
        statement('person', 'UPDATE people SET seen = now() WHERE id = $1', {
          operation: 'update',
          tables: ['people'],
        }),
      ]),
    },
    'requests that failed': { traces: asked(series('person', 4), 15, { statusCode: 500 }), statements },
    'a statement nobody knows the text of': { traces: asked(series('unknown', 4)), statements },
    'no request': { traces: tracesOf([]), statements },
  },
  reports: {
    'four people of a document, one by one, with the batch that asks once': {
      evidence: { traces: asked(series('person', 4, { more: { site: siteAt(12) } })), statements },
      finds: [
        {
          fingerprint: 'batch-reads|GET /documents/:id|person|',
          practice: 'batch-reads',
          title: '4 reads of people by key per request where 1 would do',
          where: { route: 'GET /documents/:id', statementId: 'person', site: siteAt(12) },
          facts: [
            expect.objectContaining({ label: 'reads by key per request', quantity: { value: 4, unit: 'count' } }),
            expect.objectContaining({ label: 'time in them per request', quantity: { value: 8, unit: 'ms' } }),
            expect.objectContaining({
              label: 'share of the request',
              quantity: { value: expect.closeTo(0.533, 2), unit: 'fraction' },
            }),
            expect.objectContaining({ label: 'one read', quantity: { value: 2, unit: 'ms' } }),
          ],
          confidence: 'strong',
          edit: { kind: 'trace', change: { kind: 'collapse', statementIds: ['person'] }, route: 'GET /documents/:id' },
          remedy: {
            summary: 'Load all 4 rows of "SELECT id, name FROM people WHERE id = $1" together.',
            steps: [
              'One of the reads runs at src/orders.ts:12.',
              'Start the reads together, so that their keys meet in one batch.',
              expect.stringContaining('of the request now'),
            ],
            code: {
              language: 'ts',
              before: 'await db.query(`SELECT id, name FROM people WHERE id = $1`, [key])',
              after: `const rowOf = batched(
  async keys => (await db.query(\`SELECT id, name FROM people WHERE id = ANY($1)\`, [keys])).rows,
  { by: row => row.id },
)`,
            },
          },
        },
      ],
    },
    'five, where a loop begins at ten': {
      evidence: { traces: asked(series('person', 5)), statements },
      overrides: { 'n-plus-one': { runs: 10 } },
      finds: [expect.objectContaining({ title: '5 reads of people by key per request where 1 would do' })],
    },
  },
})
