import type { Evidence, Span, Statement, StatementUse } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf } from '../derive/testing/describe-practice.ts'
import {
  equal,
  pgOf,
  query,
  siteAt,
  statement,
  statementsOf,
  trace,
  tracesOf,
  use,
} from '../derive/testing/evidence.ts'
import { writeBack } from './write-back.ts'

const route = 'GET /products/:id'
const views = statement('views', 'UPDATE products SET views = views + $1 WHERE id = $2', {
  operation: 'update',
  tables: ['products'],
  targetColumns: ['views'],
  conditions: [equal('products', 'id')],
})
const order = statement('order', 'INSERT INTO orders VALUES ($1)', { operation: 'insert', tables: ['orders'] })

interface Case {
  readonly one?: Statement
  readonly calls?: number
  /** More than samples: each is of another one; else every second is of the first. */
  readonly rows?: number
  readonly others?: readonly StatementUse[]
  readonly samples?: number
  readonly more?: Partial<Span>
}

/** Half of what ten seconds saw goes to one row. */
function written({ one = views, calls = 600, rows = 20, others = [], samples = 40, more = {} }: Case = {}): Evidence {
  const traces = Array.from({ length: samples }, (_, at) => {
    const row = rows > samples ? at : at % 2 === 0 ? 0 : 1 + (at % rows)
    return trace(route, 9, [query(one.id, 1, 5, { parametersHash: `row${row}`, ...more })], { id: `t${at}` })
  })
  return {
    traces: tracesOf(traces),
    statements: statementsOf([one, order], [use(route, one.id, calls, calls * 5, { site: siteAt(9) }), ...others]),
    pg: pgOf(),
  }
}
/** Every fifth finds nobody in its way. */
function queued(): Evidence {
  const runs = Array.from({ length: 40 }, (_, at) =>
    trace(route, 25, [query('views', 1, at % 5 === 0 ? 2 : 20, { parametersHash: 'row0' })], { id: `t${at}` }),
  )
  return { ...written(), traces: tracesOf(runs) }
}
const updating = (set: string, columns: readonly string[]) =>
  statement('views', `UPDATE products SET ${set} WHERE id = $2`, {
    operation: 'update',
    tables: ['products'],
    targetColumns: columns,
    conditions: [equal('products', 'id')],
  })

describePractice(writeBack, {
  silent: {
    'nothing is updated': { ...written(), statements: statementsOf([order], [use(route, 'order', 600, 600)]) },
    'one row nine times a second': written({ calls: 180 }),
    'each update is of another row': written({ rows: 1_000 }),
    'other writes are more': written({ others: [use('POST /orders', 'order', 700, 700)] }),
    'too few were traced to tell': written({ samples: 10 }),
    'all rows at once': written({
      one: statement('all', 'UPDATE products SET views = 0', {
        operation: 'update',
        tables: ['products'],
        targetColumns: ['views'],
      }),
    }),
    'the new value comes back': written({ one: updating('views = views + $1 RETURNING views', ['views']) }),
    'a balance, of which each change counts': written({ one: updating('balance = balance + $1', ['balance']) }),
    'more than a counter is set': written({ one: updating('name = $1, views = views + 1', ['name', 'views']) }),
    'it belongs to a transaction': written({ more: { transaction: 1 } }),
  },
  reports: {
    'a counter of views': {
      evidence: written(),
      finds: [
        {
          fingerprint: 'write-back|GET /products/:id|views|',
          practice: 'write-back',
          title: '30 updates a second of one row, of which only the last is kept',
          where: { route, statementId: 'views', site: siteAt(9) },
          facts: [
            expect.objectContaining({ quantity: { value: 30, unit: 'per-second' } }),
            expect.objectContaining({
              label: 'of the updates by this statement',
              quantity: { value: 0.5, unit: 'fraction' },
            }),
            expect.objectContaining({
              label: 'of all writes of the service',
              quantity: { value: 1, unit: 'fraction' },
            }),
            expect.objectContaining({ label: 'time per update', quantity: { value: 5, unit: 'ms' } }),
            expect.objectContaining({ label: 'slowest update' }),
          ],
          confidence: 'suspected',
          remedy: {
            summary: expect.stringContaining('to its row every 50 ms'),
            steps: [
              expect.stringContaining('of one row 33 % of the updates'),
              expect.stringContaining('only where it now waits'),
              expect.stringContaining('Ask first'),
              expect.stringContaining('a crash loses'),
              expect.stringContaining('sequence'),
            ],
            code: expect.objectContaining({ language: 'ts' }),
          },
        },
      ],
    },
    'updates of the row wait for each other': {
      evidence: queued(),
      finds: [
        expect.objectContaining({
          edit: {
            kind: 'plan',
            statements: [{ statementId: 'views', costBefore: 20, costAfter: 2, medianMsBefore: 20, medianMsAfter: 2 }],
            route,
          },
        }),
      ],
    },
    'when a user was last seen': {
      evidence: written({ one: updating('last_seen_at = $1', ['last_seen_at']) }),
      finds: [expect.objectContaining({ practice: 'write-back', confidence: 'suspected' })],
    },
  },
})

it('asks where each change may count by itself', () => {
  expect(outcomeOf(writeBack, written({ one: updating('balance = balance + $1', ['balance']) }))).toMatchObject({
    kind: 'ask',
    question: expect.stringContaining('Does each change count by itself'),
  })
  expect(outcomeOf(writeBack, written({ more: { transaction: 1 } })).kind).toBe('ask')
})
