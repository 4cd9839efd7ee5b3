import type { AccessJoin, Evidence, PgEvidence, StatementUse } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { column, foreignKey, pgOf, plan, statement, statementsOf, table, use } from '../derive/testing/evidence.ts'
import { joinOptimisation } from './join-optimisation.ts'

const customers: AccessJoin = {
  table: 'customers',
  alias: 'c',
  on: [{ column: 'id', otherTable: 'orders', otherColumn: 'customer_id' }],
}
const key = foreignKey('orders', 'customer_id', 'customers', { validated: true, hidesParents: false })
/** As runs of older versions kept it. */
const { validated: _validated, hidesParents: _hidesParents, ...older } = key
const scan = (relation: string, alias: string, cost: number) => plan('Seq Scan', cost, { relation, alias })
/** Of 1,000 units, 600 go into the join. */
const hashed = plan('Aggregate', 1_000, {
  children: [
    plan('Hash Join', 990, {
      children: [scan('orders', 'o', 390), plan('Hash', 200, { children: [scan('customers', 'c', 190)] })],
    }),
  ],
})
const orders = (customerId = column('customer_id')) => table('orders', 50_000, [column('id'), customerId])
const text = 'SELECT sum(o.total) FROM orders o JOIN customers c ON c.id = o.customer_id'
const evidence = (
  pg: Partial<PgEvidence> = {},
  joins: readonly AccessJoin[] | undefined = [customers],
  own: StatementUse = use('GET /totals', 'sum', 100, 3_000),
): Evidence => ({
  pg: pgOf({
    tables: [orders(), table('customers', 20_000, [column('id')])],
    foreignKeys: [key],
    plans: [{ statementId: 'sum', kind: 'generic', totalCost: 1_000, root: hashed }],
    ...pg,
  }),
  statements: statementsOf(
    [
      {
        ...statement('sum', text, { tables: ['orders', 'customers'] }),
        access: { terms: [], order: [], ...(joins ? { unreadJoins: joins } : {}) },
      },
      statement('other', 'SELECT id FROM other', { tables: ['other'] }),
    ],
    [own, use('GET /other', 'other', 100, 3_000)],
  ),
})

describePractice(joinOptimisation, {
  silent: {
    'something of it is read': evidence({}, []),
    'it cannot be told what is read, as with outer joins, which PostgreSQL leaves out itself': {
      ...evidence({}, undefined),
      statements: statementsOf([statement('sum', text)], [use('GET /totals', 'sum', 100, 3_000)]),
    },
    'no foreign key': evidence({ foreignKeys: [] }),
    'the foreign key is not validated': evidence({ foreignKeys: [{ ...key, validated: false }] }),
    'nobody looked whether it is validated': evidence({
      foreignKeys: [older],
    }),
    'row security may hide the parent': evidence({ foreignKeys: [{ ...key, hidesParents: true }] }),
    'a row may have no parent': evidence({
      tables: [orders(column('customer_id', { notNull: false })), table('customers', 20_000, [column('id')])],
    }),
    'the foreign key is of another column': evidence({ foreignKeys: [{ ...key, columns: ['payer_id'] }] }),
    'the children are joined: they multiply the rows': evidence({}, [
      { table: 'orders', alias: 'o', on: [{ column: 'customer_id', otherTable: 'customers', otherColumn: 'id' }] },
    ]),
    'half of a key of two columns': evidence({
      foreignKeys: [{ ...key, columns: ['customer_id', 'shop_id'], referencedColumns: ['id', 'shop_id'] }],
    }),
    'the join is a sliver of the plan': evidence({
      plans: [
        {
          statementId: 'sum',
          kind: 'generic',
          totalCost: 1_000,
          root: plan('Nested Loop', 1_000, { children: [scan('orders', 'o', 960), scan('customers', 'c', 8)] }),
        },
      ],
    }),
    'it was not planned': evidence({ plans: [] }),
    'one row by its key': evidence({}, [customers], use('GET /totals', 'sum', 10_000, 4_000)),
    'hardly any time of the database': evidence({}, [customers], use('GET /totals', 'sum', 2, 60)),
  },
  reports: {
    'a sum over orders that looks every customer up': {
      evidence: evidence(),
      finds: [
        {
          fingerprint: expect.stringContaining('join-optimisation|'),
          practice: 'join-optimisation',
          title: 'customers is joined and nothing of it is read',
          where: { statementId: 'sum', route: 'GET /totals', resource: 'customers' },
          facts: [
            expect.objectContaining({ label: 'of the plan cost', quantity: { value: 0.6, unit: 'fraction' } }),
            expect.objectContaining({ label: 'time per call', quantity: { value: 30, unit: 'ms' } }),
            expect.objectContaining({ quantity: { value: 0.5, unit: 'fraction' } }),
            expect.objectContaining({ quantity: { value: 20_000, unit: 'rows' } }),
          ],
          confidence: 'strong',
          edit: { kind: 'plan', statements: [{ statementId: 'sum', costBefore: 1_000, costAfter: 400 }] },
          remedy: {
            summary: expect.stringContaining('Take customers out of'),
            steps: [
              'orders.customer_id is NOT NULL and references customers: each row has exactly one partner there. The join is 60 % of the plan.',
              'The statement takes 30 ms and is called 100 times in the window.',
              expect.any(String),
            ],
            code: expect.objectContaining({ before: 'JOIN customers c ON c.id = orders.customer_id' }),
          },
        },
      ],
    },
  },
})
