/** What is read from a statement, one line a case; fields that are not named are empty. */
import type { Condition, StatementShape } from '@whetstone/model'
import { beforeAll, describe, expect, it } from 'vitest'
import { loadStatementParser, statementShape } from './statement-shape.ts'

const empty: StatementShape = {
  operation: 'select',
  tables: [],
  selectsStar: false,
  targetColumns: [],
  hasWhere: false,
  hasLimit: false,
  hasOffset: false,
  isCount: false,
  hasAggregate: false,
  groupBy: false,
  singleRowInsert: false,
  conditions: [],
  orderBy: [],
  locks: false,
}
const on = (table: string, column: string, operator: Condition['operator'] = 'equal') => ({ table, column, operator })
const join = (table: string, column: string, otherTable: string, otherColumn: string) => ({
  ...on(table, column, 'join'),
  otherTable,
  otherColumn,
})
const by = (table: string, column: string, descending = false) => ({ table, column, descending })

const cases: readonly (readonly [text: string, shape: Partial<StatementShape>])[] = [
  ['select 1', {}],
  ['select * from orders', { tables: ['orders'], selectsStar: true }],
  [
    'select id, total from orders where customer_id = $1 order by created_at desc limit $2 offset $3',
    {
      tables: ['orders'],
      targetColumns: ['id', 'total'],
      hasWhere: true,
      conditions: [on('orders', 'customer_id')],
      orderBy: [by('orders', 'created_at', true)],
      hasLimit: true,
      limitParameter: 2,
      hasOffset: true,
      offsetParameter: 3,
    },
  ],
  [
    'select id from orders limit 20 offset 0',
    { tables: ['orders'], targetColumns: ['id'], hasLimit: true, limitValue: 20, hasOffset: true, offsetValue: 0 },
  ],
  ['select id from orders limit all', { tables: ['orders'], targetColumns: ['id'] }],
  ['select id from t fetch first 5 rows only', { tables: ['t'], targetColumns: ['id'], hasLimit: true, limitValue: 5 }],
  ['select id from t limit $1::int', { tables: ['t'], targetColumns: ['id'], hasLimit: true, limitParameter: 1 }],
  ['select count(*) from orders', { tables: ['orders'], isCount: true, hasAggregate: true }],
  [
    'select count(*)::int as n from orders where status = $1',
    {
      tables: ['orders'],
      isCount: true,
      hasAggregate: true,
      targetColumns: ['n'],
      hasWhere: true,
      conditions: [on('orders', 'status')],
    },
  ],
  [
    'select status, count(*) from orders group by status',
    { tables: ['orders'], targetColumns: ['status'], hasAggregate: true, groupBy: true },
  ],
  ['select max(id) from orders', { tables: ['orders'], hasAggregate: true }],
  ['select row_number() over (order by id) as n from t', { tables: ['t'], targetColumns: ['n'] }],
  [
    'select o.*, c.name from orders o join customers c on c.id = o.customer_id where o.id = $1',
    {
      tables: ['orders', 'customers'],
      selectsStar: true,
      targetColumns: ['name'],
      hasWhere: true,
      conditions: [join('customers', 'id', 'orders', 'customer_id'), on('orders', 'id')],
    },
  ],
  [
    'select name from a left join b using (k) where a.x is null',
    {
      tables: ['a', 'b'],
      targetColumns: ['name'],
      hasWhere: true,
      conditions: [join('b', 'k', 'a', 'k'), on('a', 'x', 'null')],
    },
  ],
  [
    'select a.id from a, b where a.b_id = b.id and b.flag and not b.hidden',
    {
      tables: ['a', 'b'],
      targetColumns: ['id'],
      hasWhere: true,
      conditions: [join('a', 'b_id', 'b', 'id'), on('b', 'flag'), on('b', 'hidden')],
    },
  ],
  [
    'select id from t where a in ($1) and b = any($2) and c between $3 and $4 and d like $5 and e ilike $6',
    {
      tables: ['t'],
      targetColumns: ['id'],
      hasWhere: true,
      conditions: [
        on('t', 'a', 'in'),
        on('t', 'b', 'in'),
        on('t', 'c', 'range'),
        on('t', 'd', 'like'),
        on('t', 'e', 'like'),
      ],
    },
  ],
  [
    'select id from t where $1 < a and b >= now() - $2::interval and c <> $3',
    {
      tables: ['t'],
      targetColumns: ['id'],
      hasWhere: true,
      conditions: [on('t', 'a', 'range'), on('t', 'b', 'range'), on('t', 'c', 'other')],
    },
  ],
  [
    'select id from t where created_at > now() - interval $1',
    { tables: ['t'], targetColumns: ['id'], hasWhere: true, conditions: [on('t', 'created_at', 'range')] },
  ],
  [
    'select id from t where a = $1 or a = $2',
    { tables: ['t'], targetColumns: ['id'], hasWhere: true, conditions: [on('t', 'a', 'in')] },
  ],
  [
    'select id from t where a = $1 or b = $2',
    {
      tables: ['t'],
      targetColumns: ['id'],
      hasWhere: true,
      conditions: [on('t', 'a', 'other'), on('t', 'b', 'other')],
    },
  ],
  [
    'select id from t where lower(email) = $1 and id::text = $2 and data->>$3 = $4',
    {
      tables: ['t'],
      targetColumns: ['id'],
      hasWhere: true,
      conditions: [on('t', 'email', 'other'), on('t', 'id', 'other'), on('t', 'data', 'other')],
    },
  ],
  [
    'select id from t where (created_at, id) < ($1, $2) order by created_at desc, id desc limit $3',
    {
      tables: ['t'],
      targetColumns: ['id'],
      hasWhere: true,
      conditions: [on('t', 'created_at', 'range'), on('t', 'id', 'range')],
      orderBy: [by('t', 'created_at', true), by('t', 'id', true)],
      hasLimit: true,
      limitParameter: 3,
    },
  ],
  [
    'select id from t where a = b + 1',
    { tables: ['t'], targetColumns: ['id'], hasWhere: true, conditions: [on('t', 'a', 'other')] },
  ],
  ['select id from t order by random()', { tables: ['t'], targetColumns: ['id'] }],
  [
    'select id as n from t order by n, 1',
    { tables: ['t'], targetColumns: ['id'], orderBy: [by('t', 'id'), by('t', 'id')] },
  ],
  ['select id from t for update skip locked', { tables: ['t'], targetColumns: ['id'], locks: true }],
  [
    'select name from a where id in (select a_id from b where c = $1)',
    {
      tables: ['a', 'b'],
      targetColumns: ['name'],
      hasWhere: true,
      conditions: [on('b', 'c'), join('a', 'id', 'b', 'a_id')],
    },
  ],
  [
    'select name from a where exists (select 1 from b where b.a_id = a.id)',
    { tables: ['a', 'b'], targetColumns: ['name'], hasWhere: true, conditions: [join('b', 'a_id', 'a', 'id')] },
  ],
  [
    'select o.id, (select count(*) from items i where i.order_id = o.id) as n from orders o',
    {
      tables: ['orders', 'items'],
      targetColumns: ['id', 'n'],
      conditions: [join('items', 'order_id', 'orders', 'id')],
    },
  ],
  [
    'select c.name, x.total from customers c left join lateral (select total from orders o where o.customer_id = c.id limit 1) x on true',
    {
      tables: ['customers', 'orders'],
      targetColumns: ['name', 'total'],
      conditions: [join('orders', 'customer_id', 'customers', 'id')],
    },
  ],
  [
    'with recent as (select id, customer_id from orders where created_at > $1) select c.name from customers c join recent r on r.customer_id = c.id',
    {
      tables: ['orders', 'customers'],
      targetColumns: ['name'],
      conditions: [on('orders', 'created_at', 'range'), join('orders', 'customer_id', 'customers', 'id')],
    },
  ],
  [
    'with recursive tree as (select id from n where id = $1 union all select c.id from n c join tree t on c.parent_id = t.id) select * from tree',
    { tables: ['n'], targetColumns: ['id'], conditions: [on('n', 'id'), on('n', 'parent_id')] },
  ],
  [
    'select count(*) from (select "public"."Post"."id" from "public"."Post" where "public"."Post"."authorId" = $1 offset $2) as "sub"',
    {
      tables: ['public.Post'],
      isCount: true,
      hasAggregate: true,
      hasWhere: true,
      hasOffset: true,
      offsetParameter: 2,
      // The schema in front of the table is part of PostgreSQL's name for it, not an alias.
      conditions: [on('public.Post', 'authorId')],
    },
  ],
  [
    'SELECT "id", "title" AS "name" FROM "Posts" AS "Post" WHERE "Post"."authorId" = $1 ORDER BY "Post"."createdAt" DESC LIMIT 10',
    {
      tables: ['Posts'],
      targetColumns: ['id', 'title'],
      hasWhere: true,
      conditions: [on('Posts', 'authorId')],
      orderBy: [by('Posts', 'createdAt', true)],
      hasLimit: true,
      limitValue: 10,
    },
  ],
  [
    'select * from (select id, name from t where a = $1) s where s.id > $2 limit 5',
    {
      tables: ['t'],
      targetColumns: ['id', 'name'],
      hasWhere: true,
      conditions: [on('t', 'a'), on('t', 'id', 'range')],
      hasLimit: true,
      limitValue: 5,
    },
  ],
  [
    'select id from a union all select id from b where x = $1',
    { tables: ['a', 'b'], targetColumns: ['id'], conditions: [on('b', 'x')] },
  ],
  [
    'insert into orders (customer_id, total) values ($1, $2) returning id',
    { operation: 'insert', tables: ['orders'], targetColumns: ['customer_id', 'total'], singleRowInsert: true },
  ],
  ['insert into t (a) values ($1), ($2)', { operation: 'insert', tables: ['t'], targetColumns: ['a'] }],
  [
    'insert into t (a) select a from u where b = $1',
    { operation: 'insert', tables: ['t', 'u'], targetColumns: ['a'], conditions: [on('u', 'b')] },
  ],
  [
    'update stock as s set quantity = s.quantity - $1 from items i where i.sku = s.sku and i.order_id = $2',
    {
      operation: 'update',
      tables: ['stock', 'items'],
      targetColumns: ['quantity'],
      hasWhere: true,
      conditions: [join('items', 'sku', 'stock', 'sku'), on('items', 'order_id')],
    },
  ],
  ['delete from t where id = $1', { operation: 'delete', tables: ['t'], hasWhere: true, conditions: [on('t', 'id')] }],
  ['delete from t', { operation: 'delete', tables: ['t'] }],
  [
    'with gone as (delete from t where id = $1 returning id) select id from gone',
    { operation: 'delete', tables: ['t'], targetColumns: ['id'], conditions: [on('t', 'id')] },
  ],
  ['BEGIN ISOLATION LEVEL SERIALIZABLE', { operation: 'begin' }],
  ['COMMIT', { operation: 'commit' }],
  ['ROLLBACK', { operation: 'rollback' }],
  ['SAVEPOINT one', { operation: 'other' }],
  ["SET client_encoding = 'utf8'", { operation: 'set' }],
  ['SET statement_timeout = $1', { operation: 'set' }],
  ['create table t (id int)', { operation: 'other' }],
]

describe('the shape of a statement', () => {
  beforeAll(loadStatementParser)

  it.each(cases)('%s', (text, shape) => {
    expect(statementShape(text)).toEqual({ ...empty, ...shape })
  })

  it.each(['', 'selec 1', 'select from where', "select 'unfinished", 'db.posts.find({})', '\u0000', '(('])(
    'is unknown for %j',
    text => {
      expect(statementShape(text)).toBeUndefined()
    },
  )
})
