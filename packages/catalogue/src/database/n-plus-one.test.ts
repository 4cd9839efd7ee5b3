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
  use,
} from '../derive/testing/evidence.ts'
import { nPlusOne } from './n-plus-one.ts'

const list = statement('list', 'SELECT id FROM orders ORDER BY id LIMIT $1', { tables: ['orders'], hasLimit: true })
const items = statement('items', 'SELECT sku, amount FROM items WHERE order_id = $1', {
  tables: ['items'],
  targetColumns: ['sku', 'amount'],
  conditions: [equal('items', 'order_id')],
})
const statements = statementsOf([list, items])
const listed = query('list', 1, 3, { rows: 20 })
const slowList = (spans = series('items', 20), more = {}) =>
  tracesOf(times(10, trace('GET /orders', 60, [listed, ...spans], more)))

describePractice(nPlusOne, {
  silent: {
    'a list and one query for all its rows': {
      traces: tracesOf(times(10, trace('GET /orders', 10, [listed, query('items', 5, 3, { rows: 60 })]))),
      statements,
    },
    'four runs are below the count': { traces: slowList(series('items', 4)), statements },
    'the loop is 2 % of a request that computes': {
      traces: tracesOf(times(10, trace('GET /orders', 2_500, [listed, ...series('items', 20)]))),
      statements,
    },
    'primary key reads spread over many requests': {
      traces: tracesOf(times(200, trace('GET /orders/:id', 4, [query('items', 1, 2, { parametersHash: 'a' })]))),
      statements,
    },
    'BEGIN and COMMIT around each of many small steps': {
      traces: slowList(series('begin', 20)),
      statements: statementsOf([list, statement('begin', 'BEGIN', { operation: 'begin' })]),
    },
    'a burst of SET on new connections': {
      traces: slowList(series('set', 38)),
      statements: statementsOf([list, statement('set', 'SET search_path TO $1', { operation: 'set' })]),
    },
    'inserts one by one, which is about writes': {
      traces: slowList(series('insert', 20)),
      statements: statementsOf([
        list,
        statement('insert', 'INSERT INTO items (sku) VALUES ($1)', { operation: 'insert', tables: ['items'] }),
      ]),
    },
    'the same row again and again, which is about duplicates': {
      traces: slowList(series('items', 20, { more: { parametersHash: 'same' } })),
      statements,
    },
    'locks taken in order': {
      traces: slowList(series('lock', 20)),
      statements: statementsOf([
        list,
        statement('lock', 'SELECT id FROM jobs WHERE id = $1 FOR UPDATE', { tables: ['jobs'], locks: true }),
      ]),
    },
    'SELECT 1 before each use of a connection': {
      traces: slowList(series('ping', 20)),
      statements: statementsOf([list, statement('ping', 'SELECT $1')]),
    },
    'background work outside any request': {
      traces: tracesOf([]),
      statements: statementsOf([items], [use('', 'items', 500, 900)]),
    },
    'one request in fifty loops': {
      traces: tracesOf([
        ...times(49, trace('GET /orders', 10, [listed])),
        trace('GET /orders', 60, [listed, ...series('items', 20)], { id: 'rare' }),
      ]),
      statements,
    },
    'requests that failed': { traces: slowList(series('items', 20), { statusCode: 500 }), statements },
    'a statement nobody knows the text of': { traces: slowList(series('unknown', 20)), statements },
  },
  reports: {
    'a query per row of the list, with the line and the rewritten statement': {
      evidence: { traces: slowList(series('items', 20, { more: { site: siteAt(12) } })), statements },
      finds: [
        {
          fingerprint: 'n-plus-one|GET /orders|items|',
          practice: 'n-plus-one',
          title: '21 queries per request where 2 would do',
          where: { route: 'GET /orders', statementId: 'items', site: siteAt(12) },
          facts: [
            {
              label: 'runs of one statement per request',
              quantity: { value: 20, unit: 'count' },
              evidence: { kind: 'traces', traceId: 'GET /orders#1', statementId: 'items' },
            },
            expect.objectContaining({ label: 'time in them per request', quantity: { value: 40, unit: 'ms' } }),
            expect.objectContaining({ label: 'share of the request', quantity: { value: 0.6667, unit: 'fraction' } }),
            expect.objectContaining({ label: 'one run', quantity: { value: 2, unit: 'ms' } }),
            expect.objectContaining({ label: 'rows of the list before them', quantity: { value: 20, unit: 'rows' } }),
          ],
          confidence: 'strong',
          edit: { kind: 'trace', change: { kind: 'collapse', statementIds: ['items'] }, route: 'GET /orders' },
          remedy: {
            summary: 'Run "SELECT sku, amount FROM items WHERE order_id = $1" once for all 20 keys.',
            steps: [
              'The query runs at src/orders.ts:12, called from src/orders.ts:32.',
              'Take the query out of the loop: collect the keys first, run it once, then give each row of the list its part.',
              'It takes 67 % of the request now; the one query left costs about as much as the rows it returns.',
            ],
            code: {
              language: 'ts',
              before:
                'for (const key of keys) await db.query(`SELECT sku, amount FROM items WHERE order_id = $1`, [key])',
              after: `const { rows } = await db.query(
  \`SELECT order_id, sku, amount FROM items WHERE order_id = ANY($1)\`,
  [keys],
)
const rowsByKey = new Map()
for (const row of rows) rowsByKey.set(row.order_id, [...(rowsByKey.get(row.order_id) ?? []), row])`,
            },
          },
        },
      ],
    },
    'runs started together, known only by their count': {
      evidence: {
        traces: slowList(Array.from({ length: 12 }, (_, at) => query('items', 5 + at * 0.1, 30))),
        statements,
      },
      finds: [
        expect.objectContaining({
          title: '12 queries per request where 1 would do',
          confidence: 'suspected',
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([expect.stringContaining('already started together')]),
          }),
        }),
      ],
    },
    'two GraphQL operations of one URL, told apart by name': {
      evidence: {
        traces: tracesOf([
          ...times(5, trace('POST /graphql Home', 60, [listed, ...series('items', 20)])),
          ...times(5, trace('POST /graphql Menu', 5, [listed])),
        ]),
        statements,
      },
      finds: [
        expect.objectContaining({
          where: { route: 'POST /graphql Home', statementId: 'items' },
          remedy: expect.objectContaining({ steps: expect.arrayContaining([expect.stringContaining('DataLoader')]) }),
        }),
      ],
    },
    'rows that an ORM counts one by one: no relation is loaded only to be counted': {
      evidence: {
        traces: slowList(),
        statements: statementsOf([
          list,
          statement('items', 'SELECT count(*) AS "count" FROM "items" WHERE "items"."order_id" = $1', {
            tables: ['items'],
            isCount: true,
            hasAggregate: true,
            conditions: [equal('items', 'order_id')],
            issuedBy: 'sequelize',
          }),
        ]),
      },
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({
            steps: [
              'Take the query out of the loop: collect the keys first, run it once, then give each row of the list its part.',
              'Count for all keys at once: GROUP BY the key.',
              "With Sequelize: await Child.count({ where: { parentId: ids }, group: ['parentId'] })",
              expect.stringContaining('of the request now'),
            ],
          }),
        }),
      ],
    },
    'a lookup by an ORM, in its own words': {
      evidence: {
        traces: slowList(),
        statements: statementsOf([
          list,
          statement('items', 'SELECT "id" FROM "items" WHERE "items"."order_id" = $1', {
            tables: ['items'],
            targetColumns: ['id'],
            conditions: [equal('items', 'order_id')],
            issuedBy: 'sequelize',
          }),
        ]),
      },
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({ steps: expect.arrayContaining([expect.stringContaining('include:')]) }),
        }),
      ],
    },
  },
})
