import type { IndexTrial, PgEvidence } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import {
  column,
  equal,
  foreignKey,
  index,
  join,
  pgOf,
  plan,
  statement,
  statementsOf,
  table,
  use,
} from '../derive/testing/evidence.ts'
import { foreignKeyIndex } from './foreign-key-index.ts'

const key = foreignKey('items', 'order_id', 'orders', { onDelete: 'cascade' })
const joined = statement(
  'joined',
  'SELECT sku FROM orders JOIN items ON items.order_id = orders.id WHERE orders.id = $1',
  {
    tables: ['orders', 'items'],
    conditions: [join('items', 'order_id', 'orders', 'id'), equal('orders', 'id')],
  },
)
const removed = statement('removed', 'DELETE FROM orders WHERE id = $1', {
  operation: 'delete',
  tables: ['orders'],
  conditions: [equal('orders', 'id')],
})
const columns = [column('id', { distinct: -1 }), column('order_id', { distinct: 300_000 })]
const nested = plan('Nested Loop', 18_000, {
  children: [
    plan('Index Scan', 8, { relation: 'orders' }),
    plan('Seq Scan', 17_900, { relation: 'items', planRows: 3 }),
  ],
})
const pg = (more: Partial<PgEvidence> = {}) =>
  pgOf({
    tables: [table('items', 900_000, columns), table('orders', 300_000, [column('id', { distinct: -1 })])],
    indexes: [index('orders', ['id'], { primary: true, unique: true }), index('items', ['id'], { primary: true })],
    foreignKeys: [key],
    plans: [
      { statementId: 'joined', kind: 'generic', totalCost: 18_000, root: nested },
      { statementId: 'removed', kind: 'generic', totalCost: 8, root: plan('ModifyTable', 8) },
    ],
    ...more,
  })
const joins = statementsOf([joined], [use('GET /orders/:id', 'joined', 500, 20_000)])
const deletes = (meanMs: number) => statementsOf([removed], [use('DELETE /orders/:id', 'removed', 50, 50 * meanMs)])
const candidate = { schema: 'public', table: 'items', columns: [{ name: 'order_id' }], method: 'btree' as const }
const trial = (costAfter: number): IndexTrial => ({
  candidate,
  by: 'scratch-copy',
  results: [{ statementId: 'joined', costBefore: 18_000, costAfter, usesCandidate: true }],
})

describePractice(foreignKeyIndex, {
  silent: {
    'the key is indexed': { pg: pg({ indexes: [index('items', ['order_id'])] }), statements: joins },
    'the key leads a wider index, in another order': {
      pg: pg({
        foreignKeys: [{ ...key, columns: ['order_id', 'id'] }],
        indexes: [index('items', ['id', 'order_id'])],
      }),
      statements: deletes(40),
    },
    'nobody joins on it or deletes parents': {
      pg: pg(),
      statements: statementsOf(
        [
          statement('own', 'SELECT sku FROM items WHERE id = $1', {
            tables: ['items'],
            conditions: [equal('items', 'id')],
          }),
        ],
        [use('GET /items/:id', 'own', 500, 900)],
      ),
    },
    'a plain lookup by the column, which is a missing index': {
      pg: pg({
        plans: [
          {
            statementId: 'own',
            kind: 'generic',
            totalCost: 17_900,
            root: plan('Seq Scan', 17_900, { relation: 'items' }),
          },
        ],
      }),
      statements: statementsOf(
        [
          statement('own', 'SELECT sku FROM items WHERE order_id = $1', {
            tables: ['items'],
            conditions: [equal('items', 'order_id')],
          }),
        ],
        [use('GET /items', 'own', 500, 9_000)],
      ),
    },
    'a child table of 2,000 rows': { pg: pg({ tables: [table('items', 2_000, columns)] }), statements: deletes(40) },
    'deletes that are fast': { pg: pg(), statements: deletes(0.8) },
    'deletes just below two milliseconds': { pg: pg(), statements: deletes(1.9) },
    'deletes by a background job': {
      pg: pg(),
      statements: statementsOf([removed], [use('', 'removed', 50, 2_000)]),
    },
    'planned, and it does not pay': { pg: pg({ indexTrials: [trial(17_000)] }), statements: joins },
  },
  reports: {
    'round one asks about the join': {
      evidence: { pg: pg(), statements: joins },
      asks: [{ kind: 'index-trial', candidate, statementIds: ['joined'] }],
    },
    'the join pays': {
      evidence: { pg: pg({ indexTrials: [trial(17)] }), statements: joins },
      finds: [
        expect.objectContaining({
          fingerprint: 'foreign-key-index|||items(order_id)',
          title: 'items is read in full (900,000 rows) to follow its foreign key order_id',
          confidence: 'strong',
        }),
      ],
    },
    'slow deletes of the parent need no plan': {
      evidence: { pg: pg(), statements: deletes(40) },
      finds: [
        {
          fingerprint: 'foreign-key-index|||items(order_id)',
          practice: 'foreign-key-index',
          title: 'items is read in full (900,000 rows) at each delete from orders',
          where: { statementId: 'removed', route: 'DELETE /orders/:id', resource: 'items(order_id)' },
          facts: [
            expect.objectContaining({ label: 'time of one delete', quantity: { value: 40, unit: 'ms' } }),
            expect.objectContaining({ label: 'rows of the referencing table' }),
            expect.objectContaining({ label: 'deletes measured', quantity: { value: 50, unit: 'count' } }),
            expect.objectContaining({ label: 'size of the index', quantity: { value: 20_450_000, unit: 'bytes' } }),
          ],
          confidence: 'strong',
          edit: {
            kind: 'plan',
            statements: [{ statementId: 'removed', costBefore: expect.any(Number), costAfter: 8 }],
          },
          remedy: {
            summary: 'Create an index on items(order_id).',
            steps: [
              expect.stringContaining('items_order_id_fkey'),
              expect.stringMatching(/^It takes about 20\.5 MB/),
              expect.stringContaining('CONCURRENTLY'),
            ],
            code: { language: 'sql', after: 'CREATE INDEX CONCURRENTLY items_order_id_idx ON items (order_id);' },
          },
        },
      ],
    },
  },
})
