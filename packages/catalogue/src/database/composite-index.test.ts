import type { IndexColumn, IndexTrial, IndexTrialResult } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import {
  column,
  equal,
  index,
  pgOf,
  plan,
  range,
  statement,
  statementsOf,
  table,
  use,
} from '../derive/testing/evidence.ts'
import { compositeIndex } from './composite-index.ts'

const byCustomer = statement(
  'latest',
  'SELECT id FROM orders WHERE customer_id = $1 ORDER BY created_at DESC LIMIT 20',
  {
    tables: ['orders'],
    conditions: [equal('orders', 'customer_id')],
    orderBy: [{ table: 'orders', column: 'created_at', descending: true }],
    hasLimit: true,
  },
)
const statements = statementsOf([byCustomer], [use('GET /me/orders', 'latest', 500, 20_000)])
const orders = table('orders', 300_000, [
  column('id', { distinct: -1 }),
  column('customer_id', { distinct: 20_000 }),
  column('status', { distinct: 5, type: 'text' }),
  column('created_at', { type: 'timestamptz', distinct: -0.9 }),
])
const scan = plan('Seq Scan', 11_000, { relation: 'orders', planRows: 15 })
const sorted = plan('Limit', 11_379, { children: [plan('Sort', 11_370, { children: [scan] })] })
const pg = (...indexTrials: IndexTrial[]) =>
  pgOf({
    tables: [orders],
    indexes: [index('orders', ['id'], { primary: true, unique: true })],
    plans: [{ statementId: 'latest', kind: 'generic', totalCost: 11_379, root: sorted }],
    indexTrials,
  })
const trial = (columns: readonly IndexColumn[], more: Partial<IndexTrialResult>): IndexTrial => ({
  candidate: { schema: 'public', table: 'orders', columns, method: 'btree' },
  by: 'scratch-copy',
  results: [
    {
      statementId: 'latest',
      parameterSet: 0,
      costBefore: 11_379,
      costAfter: 630,
      usesCandidate: true,
      planBefore: sorted,
      planAfter: plan('Limit', 630, { children: [plan('Sort', 600)] }),
      ...more,
    },
  ],
})
const customer = { name: 'customer_id' }
const newest = { name: 'created_at', descending: true }

describePractice(compositeIndex, {
  silent: {
    'the single column does the work and nothing is sorted': {
      pg: pg(
        trial([customer], { costAfter: 600, planAfter: plan('Index Scan', 600) }),
        trial([customer, newest], { costAfter: 500, planAfter: plan('Index Scan', 500) }),
      ),
      statements,
    },
    'an index serves it already, and this one would only halve the rest': {
      pg: {
        ...pg(trial([customer, newest], { costBefore: 714, costAfter: 320, medianMsBefore: 5, medianMsAfter: 2 })),
        indexes: [index('orders', ['customer_id'])],
        plans: [
          {
            statementId: 'latest',
            kind: 'generic',
            totalCost: 714,
            root: plan('Sort', 714, { children: [plan('Bitmap Heap Scan', 700, { relation: 'orders' })] }),
          },
        ],
      },
      statements,
    },
    'the sort that disappears was one of ten rows': {
      pg: pg(
        trial([customer], { costAfter: 44 }),
        trial([customer, newest], { costAfter: 20, planAfter: plan('Index Scan', 20) }),
      ),
      statements,
    },
    'the wide index is not used': {
      pg: pg(trial([customer], {}), trial([customer, newest], { usesCandidate: false })),
      statements,
    },
    'no index pays': { pg: pg(trial([customer, newest], { costAfter: 9_000 })), statements },
    'the wide index harms one parameter set': {
      pg: pg(trial([customer], { medianMsBefore: 40, medianMsAfter: 1 }), {
        ...trial([customer, newest], {}),
        results: [
          ...trial([customer, newest], { medianMsBefore: 40, medianMsAfter: 0.4, planAfter: plan('Index Scan', 9) })
            .results,
          ...trial([customer, newest], { parameterSet: 1, medianMsBefore: 10, medianMsAfter: 30 }).results,
        ],
      }),
      statements,
    },
    'it is there already': {
      pg: { ...pg(), indexes: [index('orders', ['customer_id', 'created_at'])] },
      statements,
    },
    'equal columns are there in another order': {
      pg: { ...pg(), indexes: [index('orders', ['status', 'customer_id']), index('orders', ['customer_id'])] },
      statements: statementsOf(
        [
          statement('latest', 'SELECT id FROM orders WHERE customer_id = $1 AND status = $2', {
            tables: ['orders'],
            conditions: [equal('orders', 'customer_id'), equal('orders', 'status')],
          }),
        ],
        [use('GET /me/orders', 'latest', 500, 20_000)],
      ),
    },
    'an index that is still being built counts for nothing, but neither does a small table': {
      pg: { ...pg(), tables: [table('orders', 400, orders.columns)] },
      statements,
    },
    'a statement outside any request': {
      pg: pg(),
      statements: statementsOf([byCustomer], [use('', 'latest', 500, 9_000)]),
    },
  },
  reports: {
    'round one asks for equal column and sort key together': {
      evidence: { pg: pg(), statements },
      asks: [
        {
          kind: 'index-trial',
          candidate: { schema: 'public', table: 'orders', columns: [customer, newest], method: 'btree' },
          statementIds: ['latest'],
        },
      ],
    },
    'round one asks for equal column and range together': {
      evidence: {
        pg: pg(),
        statements: statementsOf(
          [
            statement('latest', 'SELECT id FROM orders WHERE status = $1 AND created_at >= $2', {
              tables: ['orders'],
              conditions: [equal('orders', 'status'), range('orders', 'created_at')],
            }),
          ],
          [use('GET /me/orders', 'latest', 500, 20_000)],
        ),
      },
      asks: [
        {
          kind: 'index-trial',
          candidate: {
            schema: 'public',
            table: 'orders',
            columns: [{ name: 'status' }, { name: 'created_at' }],
            method: 'btree',
          },
          statementIds: ['latest'],
        },
      ],
    },
    'the sort disappears': {
      evidence: {
        pg: pg(
          trial([customer], {}),
          trial([customer, newest], { costAfter: 400, planAfter: plan('Index Scan', 400) }),
        ),
        statements,
      },
      finds: [
        expect.objectContaining({
          fingerprint: 'composite-index|||orders(customer_id, created_at DESC)',
          practice: 'composite-index',
          title: 'orders (300,000 rows) has no index on customer_id and created_at together',
          confidence: 'strong',
          remedy: expect.objectContaining({
            code: {
              language: 'sql',
              after:
                'CREATE INDEX CONCURRENTLY orders_customer_id_created_at_idx ON orders (customer_id, created_at DESC);',
            },
          }),
        }),
      ],
    },
    'the cost halves again': {
      evidence: {
        pg: pg(trial([customer], { planAfter: plan('Index Scan', 630) }), trial([customer, newest], { costAfter: 9 })),
        statements,
      },
      finds: [
        expect.objectContaining({
          edit: { kind: 'plan', statements: [{ statementId: 'latest', costBefore: 11_379, costAfter: 9 }] },
        }),
      ],
    },
  },
})

describe('what is said of candidates where no index is missing', () => {
  const unplanned = (why: string, ...indexTrials: IndexTrial[]) => ({
    ...pg(...indexTrials),
    unavailable: { indexTrials: why },
  })
  // Of the two columns together; the one of the customer alone is the question of another practice.
  const wide = trial([customer, newest], { usesCandidate: false })

  it('nothing is known of those that nobody planned', () => {
    const why = '2 candidates did not fit into the time'
    expect(outcomeOf(compositeIndex, { pg: unplanned(why), statements })).toEqual({
      kind: 'unknown',
      missing: ['pg'],
      why: `1 of 1 candidate could not be planned: ${why}`,
      give: 'whetstone diagnose --db "$DATABASE_URL"',
    })
    const others = unplanned(why, trial([customer], { usesCandidate: false }))
    expect(outcomeOf(compositeIndex, { pg: others, statements })).toMatchObject({ kind: 'unknown' })
    expect(outcomeOf(compositeIndex, { pg: unplanned(''), statements })).toMatchObject({
      why: '1 of 1 candidate could not be planned',
    })
  })

  it('only its own count as planned', () => {
    const both = pg(trial([customer], { usesCandidate: false }), wide)
    expect(outcomeOf(compositeIndex, { pg: both, statements })).toMatchObject({
      kind: 'pass',
      note: '1 candidate planned, none of them pays here',
    })
  })

  it('a statement that calls for none passes, whatever was planned', () => {
    const without = { ...unplanned('no place'), indexes: [index('orders', ['customer_id', 'created_at'])] }
    expect(outcomeOf(compositeIndex, { pg: without, statements })).toMatchObject({
      kind: 'pass',
      note: 'no statement calls for one',
    })
  })
})
