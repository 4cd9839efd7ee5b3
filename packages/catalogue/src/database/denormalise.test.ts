import type { Evidence, PgEvidence, PgTable, StatementShape } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import {
  column,
  equal,
  foreignKey,
  index,
  pgOf,
  plan,
  range,
  statement,
  statementsOf,
  table,
  use,
} from '../derive/testing/evidence.ts'
import { denormalise } from './denormalise.ts'

const key = foreignKey('orders', 'customer_id', 'customers')
const ordersWith = (inserts: number): PgTable =>
  table('orders', 300_000, [column('id'), column('customer_id', { distinct: 20 }), column('cents')], {
    writes: { inserts, updates: 0, heapOnlyUpdates: 0, deletes: 0 },
  })
const text = 'SELECT count(*) AS orders, sum(o.cents) AS cents FROM orders o WHERE o.customer_id = $1'
const asked: Partial<StatementShape> = {
  tables: ['orders'],
  conditions: [equal('orders', 'customer_id')],
  hasAggregate: true,
}

interface Case {
  readonly sql?: string
  readonly shape?: Partial<StatementShape>
  readonly inserts?: number
  readonly calls?: number
  readonly totalMs?: number
  readonly otherMs?: number
  readonly rows?: number
  readonly pg?: Partial<PgEvidence>
}

const evidence = ({
  sql = text,
  shape = {},
  inserts = 0,
  calls = 200,
  totalMs = 1_000,
  otherMs = 1_000,
  rows = 15_000,
  pg = {},
}: Case = {}): Evidence => ({
  pg: pgOf({
    tables: [ordersWith(inserts), table('customers', 20, [column('id')])],
    indexes: [index('orders', ['customer_id'])],
    foreignKeys: [key],
    plans: [
      {
        statementId: 'sum',
        kind: 'generic',
        totalCost: 830,
        root: plan('Aggregate', 830, {
          children: [plan('Index Only Scan', 800, { relation: 'orders', alias: 'o', planRows: rows })],
        }),
      },
    ],
    ...pg,
  }),
  statements: statementsOf(
    [statement('sum', sql, { ...asked, ...shape }), statement('other', 'SELECT id FROM other', { tables: ['other'] })],
    [use('GET /totals/:id', 'sum', calls, totalMs), use('GET /other', 'other', 500, otherMs)],
  ),
})

/** No exact total: asked for, never found. */
const questions: Readonly<Record<string, Evidence>> = {
  'a total of a range of time': evidence({
    sql: `${text} AND o.at > $2`,
    shape: { conditions: [equal('orders', 'customer_id'), range('orders', 'at')] },
  }),
  'an average': evidence({ sql: 'SELECT avg(o.cents) FROM orders o WHERE o.customer_id = $1' }),
  'distinct values are counted': evidence({
    sql: 'SELECT count(DISTINCT o.cents) FROM orders o WHERE o.customer_id = $1',
  }),
  'a sum of an expression': evidence({ sql: 'SELECT sum(o.cents * o.pieces) FROM orders o WHERE o.customer_id = $1' }),
  'values that may be NULL are counted': evidence({
    sql: 'SELECT count(o.paid) FROM orders o WHERE o.customer_id = $1',
  }),
  'no foreign key to a parent': evidence({ pg: { foreignKeys: [] } }),
  'three tables are joined': evidence({
    sql: 'SELECT o.id, c.name, r.name FROM orders o JOIN customers c ON true JOIN regions r ON true',
    shape: { tables: ['orders', 'customers', 'regions'], hasAggregate: false, conditions: [] },
    rows: 0,
  }),
}

const silence: Readonly<Record<string, Evidence>> = {
  'a row is written for every ten reads': evidence({ inserts: 20 }),
  'too few reads to call it read-heavy': evidence({ calls: 20, totalMs: 100 }),
  'a few rows are added up': evidence({ rows: 40 }),
  'it takes less than a lookup': evidence({ calls: 2_000, totalMs: 1_000 }),
  'a twentieth of the database time': evidence({ otherMs: 19_000 }),
  'two tables, nothing added up': evidence({
    sql: 'SELECT o.id, c.name FROM orders o JOIN customers c ON c.id = o.customer_id',
    shape: { tables: ['orders', 'customers'], hasAggregate: false, conditions: [] },
    rows: 0,
  }),
  'rows are locked': evidence({ shape: { locks: true } }),
  'no plan tells how many rows': evidence({ pg: { plans: [] } }),
}

describePractice(denormalise, {
  silent: { ...silence, ...questions },
  reports: {
    'the orders of a customer are counted and summed up for everybody who looks': {
      evidence: evidence(),
      finds: [
        {
          fingerprint: expect.stringContaining('denormalise|'),
          practice: 'denormalise',
          title: '15,000 rows of orders are added up in every call, and hardly any is written',
          where: { statementId: 'sum', route: 'GET /totals/:id', resource: 'customers totals of orders' },
          facts: [
            expect.objectContaining({ label: 'of the database time', quantity: { value: 0.5, unit: 'fraction' } }),
            expect.objectContaining({ quantity: { value: 5, unit: 'ms' } }),
            expect.objectContaining({ quantity: { value: 15_000, unit: 'rows' } }),
            expect.objectContaining({ quantity: { value: 200, unit: 'count' } }),
            expect.objectContaining({ quantity: { value: 0, unit: 'rows' } }),
          ],
          confidence: 'suspected',
          edit: { kind: 'plan', statements: [{ statementId: 'sum', costBefore: 830, costAfter: 8.3 }] },
          remedy: {
            summary: expect.stringContaining('in customers, kept by a trigger'),
            steps: [
              'It takes 5.0 ms, 50 % of the database time; 200 calls met 0 rows written.',
              expect.stringContaining('each row written to orders updates one row of customers'),
              expect.stringContaining('compare it with the sum'),
              expect.stringContaining('MATERIALIZED VIEW'),
            ],
            code: expect.objectContaining({
              after: expect.stringContaining(
                'UPDATE customers SET orders_count = orders_count + 1, orders_cents = orders_cents + coalesce(NEW.cents, 0) WHERE id = NEW.customer_id;',
              ),
            }),
          },
        },
      ],
    },
    'a write for every two hundred reads is few': {
      evidence: evidence({ inserts: 1 }),
      finds: [expect.objectContaining({ confidence: 'suspected' })],
    },
  },
})

it.each(Object.entries(questions))('asks how old the answer may be: %s', (_, given) => {
  expect(outcomeOf(denormalise, given)).toMatchObject({
    kind: 'ask',
    question: expect.stringContaining('May its answer be a minute old?'),
  })
})

it.each(Object.entries(silence))('asks nothing: %s', (_, given) => {
  expect(outcomeOf(denormalise, given).kind).toBe('pass')
})
