import type { PgEvidence, PgSessions, StatementUse } from '@whetstone/model'
import { expect, it } from 'vitest'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import {
  column,
  equal,
  hostOf,
  foreignKey,
  index,
  pgOf,
  range,
  statement,
  statementsOf,
  table,
  use,
} from '../derive/testing/evidence.ts'
import { sharding } from './sharding.ts'

const customer = column('customer_id', { distinct: 20_000, mostCommonFraction: 0.001 })
const id = column('id', { distinct: -1 })
const customers = table('customers', 20_000, [id, column('name', { type: 'text' })])
const orders = (key = customer) =>
  table('orders', 500_000, [id, key, column('total'), column('created', { type: 'timestamptz' })])
const pg = (more: Partial<PgEvidence> = {}) =>
  pgOf({
    tables: [customers, orders()],
    indexes: [
      ...['customers', 'orders'].map(name => index(name, ['id'], { unique: true, primary: true })),
      index('orders', ['customer_id']),
      index('orders', ['created']),
    ],
    foreignKeys: [foreignKey('orders', 'customer_id', 'customers')],
    // Otherwise any index that might serve is asked for first.
    unavailable: { indexTrials: 'no scratch server' },
    ...more,
  })

const texts = {
  place: 'INSERT INTO orders (customer_id, total) VALUES ($1, $2)',
  change: 'UPDATE orders SET total = $3 WHERE customer_id = $1 AND id = $2',
  greet: 'SELECT name FROM customers WHERE id = $1',
  newest: 'SELECT id, total FROM orders WHERE created > $1',
}
const all = [
  statement('place', texts.place, {
    operation: 'insert',
    tables: ['orders'],
    targetColumns: ['customer_id', 'total'],
    singleRowInsert: true,
  }),
  statement('change', texts.change, {
    operation: 'update',
    tables: ['orders'],
    conditions: [equal('orders', 'customer_id'), equal('orders', 'id')],
  }),
  statement('greet', texts.greet, { tables: ['customers'], conditions: [equal('customers', 'id')] }),
  statement('newest', texts.newest, { tables: ['orders'], conditions: [range('orders', 'created')] }),
]
type Calls = Readonly<Partial<Record<keyof typeof texts, number>>>
/** Each call takes a millisecond. */
const given = (calls: Calls = {}, more: Partial<StatementUse> = {}) => {
  const counts = { place: 600, change: 200, greet: 150, newest: 50, ...calls }
  return statementsOf(
    all,
    Object.entries(counts).map(([name, count]) => use(`POST /${name}`, name, count, count, more)),
  )
}
const sessions = (waitingForLocks: number, lock = 'transactionid'): PgSessions => ({
  looks: 100,
  active: 100,
  waitingForLocks,
  connections: [],
  blocked: [
    {
      waiting: { text: texts.change },
      blocker: { text: texts.change },
      blockerIdle: false,
      lock,
      waits: 9,
      longestMs: 40,
    },
  ],
  idleTransactions: [],
})
const host = hostOf(1.6)

describePractice(sharding, {
  silent: {
    'requests that only read': { pg: pg(), statements: given({ place: 0, change: 0 }, { route: '' }), host },
    'a standby': {
      pg: pg({ replication: { recovering: true, standbys: [], slots: [] } }),
      statements: given(),
      host,
    },
    'a database whose CPU is not known': { pg: pg(), statements: given() },
    'a writer that has room': { pg: pg(), statements: given(), host: hostOf(1.2) },
    'a server that is busy with reads': { pg: pg(), statements: given({ greet: 900 }), host },
    'a statement for which an index is still to be planned': { pg: pg({ unavailable: {} }), statements: given(), host },
    'sessions that wait for each other': {
      pg: pg({ activity: { ...pg().activity, sessions: sessions(20) } }),
      statements: given(),
      host,
    },
    'writes that one request sends again and again': {
      pg: pg(),
      statements: given({}, { maxRepeatsInRequest: 5 }),
      host,
    },
    'no key in nine of ten calls': { pg: pg(), statements: given({ newest: 150 }), host },
    'a key of few values': {
      pg: pg({
        tables: [orders(column('customer_id', { distinct: 999, mostCommonFraction: 0.001 }))],
        foreignKeys: [],
      }),
      statements: given({ greet: 0 }),
      host,
    },
    'a key of which one value is much': {
      pg: pg({ tables: [customers, orders(column('customer_id', { distinct: 20_000, mostCommonFraction: 0.05 }))] }),
      statements: given(),
      host,
    },
    'a key whose values nobody counted': {
      pg: pg({ tables: [orders(column('customer_id'))], foreignKeys: [] }),
      statements: given({ greet: 0 }),
      host,
    },
    'one of two keys in each call': {
      pg: pg(),
      statements: {
        ...given(),
        statements: all.map(one =>
          one.id === 'change'
            ? {
                ...one,
                access: {
                  order: [],
                  terms: ['customer_id', 'id'].map(name => ({
                    table: 'orders',
                    column: name,
                    operator: 'equal' as const,
                    expressionParameters: [],
                    predicateParameters: [],
                    alternative: 1,
                  })),
                },
              }
            : one,
        ),
      },
      host,
    },
  },
  reports: {
    'a writer full of writes that name their customer, by reference or by id': {
      evidence: { pg: pg({ activity: { ...pg().activity, sessions: sessions(19) } }), statements: given(), host },
      finds: [
        {
          fingerprint: 'sharding|||shard key customer_id',
          practice: 'sharding',
          title: 'The one writer is 80 % busy, 80 % of it writes; 95 % of the calls name customer_id',
          where: { resource: 'shard key customer_id' },
          facts: [
            stated('database CPU of the machine', 0.8, 'fraction', 'host'),
            stated('writes, of the database time', 0.8, 'fraction', 'statements'),
            stated('calls that name one customer_id', 0.95, 'fraction', 'statements'),
            stated('different values of customer_id', 20_000, 'count', 'pg'),
            stated('rows of the most common customer_id', 0.001, 'fraction', 'pg'),
            stated('calls that would ask every shard', 0.05, 'fraction', 'statements'),
          ],
          confidence: 'suspected',
          remedy: {
            summary: 'Divide customers, orders by customer_id between two writers.',
            steps: expect.arrayContaining([
              `Would ask every shard (5 % of the calls): "${texts.newest}". Give it customer_id, or merge with router.page().`,
            ]) as never,
            code: expect.objectContaining({
              after: expect.stringContaining('await router.run(customerId, (shard, bucket)') as string,
            }) as never,
          },
        },
      ],
    },
    'sessions that wait for room in a file': {
      evidence: {
        pg: pg({ activity: { ...pg().activity, sessions: sessions(60, 'extend') } }),
        statements: given(),
        host,
      },
      finds: [expect.objectContaining({ where: { resource: 'shard key customer_id' } }) as never],
    },
    'references of one name, without a foreign key': {
      evidence: {
        pg: pg({ foreignKeys: [], tables: [table('events', 90_000, [id, customer]), orders()] }),
        statements: given({ greet: 0 }),
        host,
      },
      finds: [expect.objectContaining({ where: { resource: 'shard key customer_id' } }) as never],
    },
  },
})

it('asks by what else the rows could be divided, with the key that comes nearest', () => {
  expect(outcomeOf(sharding, { pg: pg(), statements: given({ newest: 150 }), host })).toMatchObject({
    kind: 'ask',
    question: expect.stringContaining('could those without customer_id name it too?') as string,
    facts: expect.arrayContaining([
      stated('calls that name one customer_id', expect.closeTo(0.864, 3) as number, 'fraction', 'statements'),
    ]) as never,
  })
})

it('asks about production where this machine is not full', () => {
  expect(outcomeOf(sharding, { pg: pg(), statements: given(), host: hostOf(0.1) })).toMatchObject({ kind: 'ask' })
})

it.each([
  ['an index', { pg: pg({ unavailable: {} }), statements: given(), host }, /index first/],
  [
    'locks',
    { pg: pg({ activity: { ...pg().activity, sessions: sessions(20) } }), statements: given(), host },
    /wait for each other/,
  ],
  ['batches', { pg: pg(), statements: given({}, { maxRepeatsInRequest: 5 }), host }, /cheaper together/],
  ['replicas', { pg: pg(), statements: given({ greet: 900 }), host }, /caches and replicas/],
])('says that %s come first', (_, evidence, why) => {
  expect(outcomeOf(sharding, evidence)).toMatchObject({ kind: 'pass', because: expect.anything() as never })
  expect(JSON.stringify(outcomeOf(sharding, evidence))).toMatch(why)
})
