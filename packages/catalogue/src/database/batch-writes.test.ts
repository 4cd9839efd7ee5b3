import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import {
  column,
  pgOf,
  series,
  siteAt,
  statement,
  statementsOf,
  table,
  times,
  trace,
  tracesOf,
} from '../derive/testing/evidence.ts'
import { batchWrites } from './batch-writes.ts'

const insert = statement('insert', 'INSERT INTO items (order_id, sku) VALUES ($1, $2)', {
  operation: 'insert',
  tables: ['items'],
  singleRowInsert: true,
})
const update = statement('update', 'UPDATE items SET amount = $1 WHERE id = $2', {
  operation: 'update',
  tables: ['items'],
})
const read = statement('read', 'SELECT id FROM items WHERE id = $1', { tables: ['items'] })
const writing = (id: string, count = 30, durationMs = 90, more = {}) =>
  tracesOf(times(5, trace('POST /orders', durationMs, series(id, count, { more }))))
const pg = pgOf({
  tables: [
    table('items', 10, [
      column('id'),
      column('order_id'),
      column('sku', { type: 'text' }),
      column('amount', { type: 'integer' }),
    ]),
  ],
})

describePractice(batchWrites, {
  silent: {
    'one write': { traces: writing('insert', 1), statements: statementsOf([insert]) },
    'four writes': { traces: writing('insert', 4), statements: statementsOf([insert]) },
    'writes of many rows each': {
      traces: writing('insert'),
      statements: statementsOf([{ ...insert, shape: { ...insert.shape!, singleRowInsert: false } }]),
    },
    'reads, which are another cause': { traces: writing('read'), statements: statementsOf([read, insert]) },
    'writes that take one per cent of the request': {
      traces: writing('insert', 10, 3_000),
      statements: statementsOf([insert]),
    },
    'SAVEPOINT and RELEASE around each step': {
      traces: writing('savepoint'),
      statements: statementsOf([insert, statement('savepoint', 'SAVEPOINT s', { operation: 'other' })]),
    },
    'nothing writes': { traces: tracesOf([]), statements: statementsOf([read]) },
  },
  reports: {
    'a row at a time': {
      evidence: { traces: writing('insert', 30, 90, { site: siteAt(40) }), statements: statementsOf([insert]), pg },
      finds: [
        {
          fingerprint: 'batch-writes|POST /orders|insert|',
          practice: 'batch-writes',
          title: '30 single-row inserts per request where 1 would do',
          where: { route: 'POST /orders', statementId: 'insert', site: siteAt(40) },
          facts: [
            expect.objectContaining({ quantity: { value: 30, unit: 'count' } }),
            expect.objectContaining({ label: 'time in them per request', quantity: { value: 60, unit: 'ms' } }),
            expect.objectContaining({ label: 'share of the request', quantity: { value: 0.6667, unit: 'fraction' } }),
            expect.objectContaining({ label: 'one run', quantity: { value: 2, unit: 'ms' } }),
          ],
          confidence: 'strong',
          edit: { kind: 'trace', change: { kind: 'collapse', statementIds: ['insert'] }, route: 'POST /orders' },
          remedy: {
            summary: 'Write all 30 rows with one statement.',
            steps: [
              'The write runs at src/orders.ts:40, called from src/orders.ts:60.',
              'The writes take 67 % of the request.',
              expect.stringContaining('commits by itself'),
            ],
            code: {
              language: 'sql',
              before: 'INSERT INTO items (order_id, sku) VALUES ($1, $2)',
              after: 'INSERT INTO items (order_id, sku) SELECT * FROM unnest($1::bigint[], $2::text[])',
            },
          },
        },
      ],
    },
    'updates in one transaction': {
      evidence: { traces: writing('update', 20, 60, { transaction: 1 }), statements: statementsOf([update]), pg },
      finds: [
        expect.objectContaining({
          title: '20 single-row updates per request where 1 would do',
          remedy: expect.objectContaining({
            steps: ['The writes take 67 % of the request.'],
            code: expect.objectContaining({
              after:
                'UPDATE items AS t SET amount = v.amount FROM unnest($1::bigint[], $2::integer[]) AS v(id, amount) WHERE t.id = v.id',
            }),
          }),
        }),
      ],
    },
  },
})
