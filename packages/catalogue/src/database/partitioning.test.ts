import type { AnswersEvidence, PgTable, Statement } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import { column, equal, pgOf, range, siteAt, statement, statementsOf, table, use } from '../derive/testing/evidence.ts'
import { partitioning } from './partitioning.ts'

const columns = [column('id'), column('created', { type: 'timestamp with time zone' })]
const events = (rows: number, more: Partial<PgTable> = {}) => table('events', rows, columns, { kind: 'table', ...more })
const byTime = statement('byTime', 'SELECT id FROM events WHERE created >= $1', {
  tables: ['events'],
  conditions: [range('events', 'created')],
})
const byKey = statement('byKey', 'SELECT created FROM events WHERE id = $1', {
  tables: ['events'],
  conditions: [equal('events', 'id')],
})
const clear = statement('clear', 'DELETE FROM events WHERE created < $1', {
  operation: 'delete',
  tables: ['events'],
  conditions: [range('events', 'created')],
})
const given = (...statements: readonly Statement[]) =>
  statementsOf(
    statements,
    statements.map(({ id }) => use(`GET /${id}`, id, 10, 5_000, { rows: 50_000, site: siteAt(7) })),
  )
const told = (productionRows: number): AnswersEvidence => ({
  schema: 'answers@1',
  routes: [],
  tables: [{ table: 'events', productionRows }],
})
const pg = (own: PgTable) => pgOf({ tables: [own] })

describePractice(partitioning, {
  silent: {
    'a run of an older version': {
      pg: pgOf({ tables: [table('events', 90_000_000, columns)] }),
      statements: given(clear),
    },
    'a table of a developer': { pg: pg(events(300_000)), statements: given(byTime, clear) },
    'a large table that is small in production': {
      pg: pg(events(300_000)),
      statements: given(clear),
      answers: told(2_000_000),
    },
    'a very large table that is found by its key': { pg: pg(events(90_000_000)), statements: given(byKey) },
    'a very large table that is found by time and by key': {
      pg: pg(events(90_000_000)),
      statements: given(byTime, byKey),
    },
    'a table that is partitioned': {
      pg: pg(events(90_000_000, { kind: 'partitioned' })),
      statements: given(byTime, clear),
    },
    'a partition of another table': {
      pg: pg(events(90_000_000, { partitionOf: 'all_events' })),
      statements: given(byTime, clear),
    },
    'a delete of a few rows': {
      pg: pg(events(90_000_000)),
      statements: statementsOf([clear, byKey], [use('GET /a', 'clear', 10, 50), use('GET /b', 'byKey', 10, 50)]),
    },
  },
  reports: {
    'a very large table that is cleared row by row': {
      evidence: { pg: pg(events(90_000_000)), statements: given(byKey, clear) },
      finds: [
        {
          fingerprint: 'partitioning|||events',
          practice: 'partitioning',
          title: 'events (90,000,000 rows) is cleared row by row: 500 ms for 5,000 rows',
          where: { statementId: 'clear', route: 'GET /clear', site: siteAt(7), resource: 'events' },
          facts: [
            expect.objectContaining({ quantity: { value: 90_000_000, unit: 'rows' } }),
            expect.objectContaining({ quantity: { value: 9_000_000_000, unit: 'bytes' } }),
            expect.objectContaining({ quantity: { value: 500, unit: 'ms' } }),
            expect.objectContaining({ quantity: { value: 5_000, unit: 'rows' } }),
          ],
          confidence: 'strong',
          remedy: {
            summary: 'Partition events by created.',
            steps: expect.arrayContaining([expect.stringContaining('DROP TABLE of the oldest partition')]) as string[],
            code: { language: 'sql', after: expect.stringContaining('PARTITION BY RANGE (created)') as string },
          },
        },
      ],
    },
    'a very large table in production, always read by time': {
      evidence: { pg: pg(events(300_000)), statements: given(byTime), answers: told(80_000_000) },
      finds: [
        expect.objectContaining({
          title: 'events has 80,000,000 rows in one table, all asked for by created',
          confidence: 'suspected',
        }),
      ],
    },
  },
})

it('says what it would need to know of production', () => {
  expect(outcomeOf(partitioning, { pg: pg(events(300_000)), statements: given(byTime) })).toEqual({
    kind: 'not-applicable',
    why: 'the largest table, events, has 300,000 rows; where production has more, say so (whetstone.config.ts: answers.productionRows)',
  })
})
