import type { PgEvidence, PgTable, Statement } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import {
  column,
  equal,
  pgOf,
  plan,
  range,
  siteAt,
  statement,
  statementsOf,
  table,
  use,
} from '../derive/testing/evidence.ts'
import { dataRetention } from './data-retention.ts'

const columns = [column('id'), column('arrival', { type: 'date' })]
const bookings = (rows = 4_000_000, more: Partial<PgTable> = {}) =>
  table('bookings', rows, columns, { kind: 'table', ...more })
const coming = statement('coming', 'SELECT status, count(*) FROM bookings WHERE arrival >= $1 GROUP BY status', {
  tables: ['bookings'],
  conditions: [range('bookings', 'arrival')],
})
const byKey = statement('byKey', 'SELECT * FROM bookings WHERE id = $1', {
  tables: ['bookings'],
  conditions: [equal('bookings', 'id')],
})
const given = (...statements: readonly Statement[]) =>
  statementsOf(
    statements,
    statements.map(({ id }) => use(`GET /${id}`, id, 100, 20_000, { site: siteAt(7) })),
  )
const scan = (nodeType: string) => ({
  statementId: 'coming',
  kind: 'parameters' as const,
  totalCost: 90_000,
  root: plan('Aggregate', 90_000, { children: [plan(nodeType, 80_000, { relation: 'bookings', planRows: 400_000 })] }),
})
const pg = (newerFraction: number, own = bookings(), more: Partial<PgEvidence> = {}) =>
  pgOf({
    tables: [own],
    plans: [scan('Seq Scan')],
    unavailable: { indexTrials: 'no place to try an index' },
    rangeReads: [{ statementId: 'coming', schema: 'public', table: 'bookings', column: 'arrival', newerFraction }],
    ...more,
  })

describePractice(dataRetention, {
  silent: {
    'a table of a developer': { pg: pg(0.01, bookings(300_000)), statements: given(coming) },
    'a range that holds half of the table': { pg: pg(0.5), statements: given(coming) },
    'rows that may be looked up by their key': { pg: pg(0.1), statements: given(coming, byKey) },
    'an index that finds the range': {
      pg: pg(0.1, bookings(), { plans: [scan('Index Scan')] }),
      statements: given(coming),
    },
    'a bitmap of rows that lie side by side': {
      pg: pg(0.1, bookings(), { plans: [scan('Bitmap Heap Scan')] }),
      statements: given(coming),
    },
    'no range that was asked for': { pg: pg(0.1, bookings(), { rangeReads: [] }), statements: given(coming) },
    'a run of an older version': {
      pg: pgOf({ tables: [table('bookings', 4_000_000, columns)], plans: [scan('Seq Scan')] }),
      statements: given(coming),
    },
    'a statement of little weight': {
      pg: pg(0.1),
      statements: statementsOf(
        [coming, statement('other', 'SELECT 1 FROM rooms', { tables: ['rooms'] })],
        [use('GET /a', 'coming', 1, 20), use('GET /b', 'other', 1_000, 90_000)],
      ),
    },
    'a table that is partitioned': {
      pg: pg(0.1, bookings(4_000_000, { kind: 'partitioned' })),
      statements: given(coming),
    },
  },
  reports: {
    'nine tenths that are older than anything asked for, read each time': {
      evidence: { pg: pg(0.1), statements: given(coming) },
      finds: [
        {
          fingerprint: 'data-retention|||bookings',
          practice: 'data-retention',
          title: '90 % of bookings (4,000,000 rows) is older than anything that is asked for, and read each time',
          where: { statementId: 'coming', route: 'GET /coming', site: siteAt(7), resource: 'bookings' },
          facts: [
            expect.objectContaining({ quantity: { value: 4_000_000, unit: 'rows' } }),
            expect.objectContaining({ quantity: { value: 0.9, unit: 'fraction' } }),
            expect.objectContaining({ quantity: { value: 360_000_000, unit: 'bytes' } }),
          ],
          confidence: 'suspected',
          edit: { kind: 'plan', statements: [{ statementId: 'coming', costBefore: 90_000, costAfter: 18_000 }] },
          remedy: {
            summary: 'Move what is older than needed out of bookings.',
            steps: expect.any(Array) as string[],
            code: { language: 'sql', after: expect.stringContaining('arrival < now()') as string },
          },
        },
      ],
    },
    'the same through an index, where old rows fill every page': {
      evidence: {
        pg: pg(
          0.1,
          { ...bookings(), columns: [column('arrival', { type: 'date', correlation: 0.01 })] },
          {
            plans: [scan('Bitmap Heap Scan')],
          },
        ),
        statements: given(coming),
      },
      finds: [expect.objectContaining({ title: expect.stringMatching(/^90 % of bookings/) as string })],
    },
  },
})

const growing = { inserts: 1_000_000, deletes: 0, indexScans: 5 }

it('asks how long rows are needed where a large table doubles within a quarter', () => {
  const outcome = outcomeOf(dataRetention, {
    pg: pg(0.9, bookings(4_000_000, growing), { countersAgeMs: 14 * 86_400_000 }),
    statements: given(coming),
  })
  expect(outcome).toMatchObject({
    kind: 'ask',
    question: 'bookings doubles every 56 days. How long are its rows needed, and what removes them then?',
  })
})

it('asks nothing after three days of counting', () => {
  const outcome = outcomeOf(dataRetention, {
    pg: pg(0.9, bookings(4_000_000, growing), { countersAgeMs: 3 * 86_400_000 }),
    statements: given(coming),
  })
  expect(outcome.kind).toBe('pass')
})
