import type { PgEvidence, PgIndex } from '@whetstone/model'
import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { column, foreignKey, index, pgOf, plan, statement, statementsOf, table } from '../derive/testing/evidence.ts'
import { indexUsage } from './index-usage.ts'

const orders = table('orders', 300_000, [
  column('id'),
  column('customer_id', { type: 'int', averageWidthBytes: 4 }),
  column('status', { type: 'text' }),
  column('created_at', { type: 'timestamptz' }),
])
const twoWeeksMs = 15 * 86_400_000
const spare = (columns: readonly string[], more: Partial<PgIndex> = {}): PgIndex =>
  index('orders', columns, {
    bytes: 20_000_000,
    constraint: false,
    replicaIdentity: false,
    definition: `CREATE INDEX ${more.name ?? `orders_${columns.join('_')}_idx`} ON public.orders USING btree (${columns.join(', ')})`,
    ...more,
  })
const used = { scans: 9_000 }
const primary = spare(['id'], { primary: true, unique: true, constraint: true, name: 'orders_pkey', ...used })
const pg = (indexes: readonly PgIndex[], more: Partial<PgEvidence> = {}) =>
  pgOf({ tables: [orders], indexes: [primary, ...indexes], countersAgeMs: twoWeeksMs, ...more })
const standby = { name: 'b', state: 'streaming', commit: 'async' } as const
const replication = { recovering: false, standbys: [], slots: [] }

describePractice(indexUsage, {
  silent: {
    'indexes that are scanned': { pg: pg([spare(['customer_id'], used), spare(['status'], used)]) },
    'counters of yesterday say nothing about a month': {
      pg: pg([spare(['status'])], { countersAgeMs: 86_400_000 }),
    },
    'an older run that does not tell the age of its counters': {
      pg: pgOf({ tables: [orders], indexes: [spare(['status'])] }),
    },
    'an older run that does not tell what rests on an index': {
      pg: pg([index('orders', ['status'], { bytes: 50_000_000 })]),
    },
    'an unused index of 9 MB': { pg: pg([spare(['status'], { bytes: 9_000_000 })]) },
    'a unique index is a rule, not a way to find rows': { pg: pg([spare(['status'], { unique: true })]) },
    'an index that a constraint rests on': { pg: pg([spare(['status'], { constraint: true })]) },
    'replication finds rows by it': { pg: pg([spare(['status'], { replicaIdentity: true })]) },
    'standbys count their own scans': {
      pg: pg([spare(['status'])], { replication: { ...replication, standbys: [standby] } }),
    },
    'on a standby nobody knows what the primary uses': {
      pg: pg([spare(['status'])], { replication: { ...replication, recovering: true } }),
    },
    'a plan of this window uses it though the counters lag': {
      pg: pg([spare(['status'])], {
        plans: [
          {
            statementId: 'a',
            kind: 'generic',
            totalCost: 9,
            root: plan('Index Scan', 9, { index: 'orders_status_idx' }),
          },
        ],
      }),
    },
    'a foreign key whose parents are seldom deleted': {
      pg: pg([spare(['customer_id'])], {
        foreignKeys: [foreignKey('orders', 'customer_id', 'customers')],
      }),
    },
    'the same columns in another order': {
      pg: pg([spare(['status', 'customer_id'], used), spare(['customer_id', 'status'], used)]),
    },
    'the same column in another direction of two': {
      pg: pg([
        spare(['status', 'created_at'], used),
        spare(['status', 'created_at'], {
          ...used,
          name: 'orders_newest',
          definition: 'CREATE INDEX orders_newest ON public.orders USING btree (status, created_at DESC)',
        }),
      ]),
    },
    'a part of the rows beside all of them': {
      pg: pg([
        spare(['status', 'customer_id'], used),
        spare(['status'], {
          ...used,
          partial: true,
          definition:
            "CREATE INDEX orders_status_idx ON public.orders USING btree (status) WHERE (status = 'open'::text)",
        }),
      ]),
    },
    'a beginning that carries a column the longer one lacks': {
      pg: pg([
        spare(['status', 'customer_id'], used),
        spare(['status'], {
          ...used,
          definition: 'CREATE INDEX orders_status_idx ON public.orders USING btree (status) INCLUDE (created_at)',
        }),
      ]),
    },
    'a small one beside one ten times as wide': {
      pg: pg([
        spare(['status'], { ...used, bytes: 2_000_000 }),
        spare(['status', 'created_at'], { ...used, bytes: 20_000_000 }),
      ]),
    },
    'a unique index that a longer one begins with': {
      pg: pg([spare(['status'], { ...used, unique: true }), spare(['status', 'created_at'], used)]),
    },
    'an index that is being built': { pg: pg([spare(['status'], { valid: false, building: true })]) },
    'entries that fill their pages': {
      pg: pg([spare(['customer_id'], { ...used, entries: 300_000, bytes: 6_700_000 })]),
    },
    'half empty, and small': { pg: pg([spare(['customer_id'], { ...used, entries: 30_000, bytes: 1_700_000 })]) },
    'the width of an expression is not known': {
      pg: pg([spare(['lower(status)'], { ...used, entries: 300_000, bytes: 90_000_000 })]),
    },
  },
  reports: {
    'an index nobody scanned in two weeks': {
      evidence: { pg: pg([spare(['status'], { scans: 3 })]) },
      finds: [
        {
          fingerprint: 'index-usage|||orders(orders_status_idx)',
          practice: 'index-usage',
          title: 'orders_status_idx (20 MB) was scanned 3 times since the counters began',
          where: { resource: 'orders(orders_status_idx)' },
          facts: [
            { label: 'size of the index', quantity: { value: 20_000_000, unit: 'bytes' }, evidence: { kind: 'pg' } },
            {
              label: 'scans since the counters began',
              quantity: { value: 3, unit: 'count' },
              evidence: { kind: 'pg' },
            },
            { label: 'age of the counters', quantity: { value: twoWeeksMs, unit: 'ms' }, evidence: { kind: 'pg' } },
          ],
          confidence: 'suspected',
          remedy: {
            summary: 'Drop it.',
            steps: [
              expect.stringContaining('Ask the standbys first'),
              'CONCURRENTLY waits for the queries that use it, and blocks none.',
              'To have it back: CREATE INDEX orders_status_idx ON public.orders USING btree (status);',
            ],
            code: { language: 'sql', after: 'DROP INDEX CONCURRENTLY orders_status_idx;' },
          },
        },
      ],
    },
    'of two that are the same, one': {
      evidence: { pg: pg([spare(['status'], used), spare(['status'], { ...used, name: 'orders_by_status' })]) },
      finds: [
        expect.objectContaining({
          title: 'orders_status_idx (20 MB) holds nothing that orders_by_status does not',
          confidence: 'strong',
        }),
      ],
    },
    'a column that another index begins with': {
      evidence: { pg: pg([spare(['status'], used), spare(['status', 'created_at'], { ...used, bytes: 30_000_000 })]) },
      finds: [
        expect.objectContaining({
          title: 'orders_status_idx (20 MB) holds nothing that orders_status_created_at_idx does not',
          remedy: expect.objectContaining({
            summary: 'Drop the shorter one.',
            code: { language: 'sql', after: 'DROP INDEX CONCURRENTLY orders_status_idx;' },
          }),
        }),
      ],
    },
    'one that Prisma would create again': {
      evidence: {
        pg: pg([spare(['status'], used), spare(['status', 'created_at'], { ...used, bytes: 30_000_000 })]),
        statements: statementsOf([
          statement('a', 'SELECT 1 FROM items', { tables: ['items'], issuedBy: 'sequelize' }),
          statement('b', 'SELECT 1 FROM orders', { tables: ['orders'], issuedBy: 'prisma' }),
        ]),
      },
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([expect.stringMatching(/^With Prisma: take its @@index out/)]),
          }),
        }),
      ],
    },
    'a second index on the primary key': {
      evidence: { pg: pg([spare(['id'], used)]) },
      finds: [expect.objectContaining({ title: 'orders_id_idx (20 MB) holds nothing that orders_pkey does not' })],
    },
    'an index that was never finished': {
      evidence: { pg: pg([spare(['status'], { valid: false })]) },
      finds: [
        expect.objectContaining({
          title: 'orders_status_idx is invalid: no query may use it, every write still pays for it',
          remedy: expect.objectContaining({
            code: { language: 'sql', after: 'REINDEX INDEX CONCURRENTLY orders_status_idx;' },
          }),
        }),
      ],
    },
    'pages that are mostly empty': {
      evidence: { pg: pg([spare(['customer_id'], { ...used, entries: 300_000, bytes: 40_000_000 })]) },
      finds: [
        expect.objectContaining({
          title: 'orders_customer_id_idx takes 40 MB, where its entries need about 6.8 MB',
          confidence: 'suspected',
        }),
      ],
    },
    'what the writes of the window paid for it': {
      evidence: {
        pg: {
          ...pg([spare(['status'])]),
          tables: [{ ...orders, writes: { inserts: 400, updates: 100, heapOnlyUpdates: 60, deletes: 9 } }],
        },
      },
      finds: [
        expect.objectContaining({
          facts: expect.arrayContaining([
            expect.objectContaining({
              label: 'entries written to it in the window',
              quantity: { value: 440, unit: 'count' },
            }),
          ]),
        }),
      ],
    },
  },
})
