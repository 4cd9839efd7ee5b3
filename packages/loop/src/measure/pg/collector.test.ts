import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PgEvidence, Statement } from '@whetstone/model'
import { normaliseStatement, statementId } from '@whetstone/probe/statement-text'
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import { loadStatementParser, statementShape } from '../statement-shape.ts'
import { connectReadOnly } from './connect.ts'
import { startPgCollector } from './collector.ts'
import { explainGeneric } from './explain.ts'
import { someNode } from './plan.ts'

export function statementOf(raw: string, ...parameterSets: readonly (readonly (string | number)[])[]): Statement {
  const text = normaliseStatement(raw)
  const shape = statementShape(text)
  return {
    id: statementId(text),
    text,
    rawText: raw,
    ...(shape ? { shape } : {}),
    parameters: parameterSets.map(values => ({ values, kept: 'random', durationMs: 1 })),
  }
}

async function run(url: string, ...texts: readonly string[]): Promise<void> {
  const client = new Client({ connectionString: url })
  await client.connect()
  for (const text of texts) await client.query(text)
  await client.end()
}

const schema = `
  create table customers (id int primary key, email text not null, note text);
  create table orders (id bigint primary key, customer_id int not null references customers on delete cascade, status text not null, total numeric);
  insert into customers select n, 'c' || n || '@example.org', null from generate_series(1, 1000) n;
  insert into orders select n, 1 + n % 1000, case when n % 50 = 0 then 'open' else 'done' end, n from generate_series(1, 20000) n;
  create index orders_status_idx on orders (status) where status = 'open';
  create index customers_lower_idx on customers (lower(email));
  analyze`

let server: PostgresServer
let url: string
beforeAll(async () => {
  await loadStatementParser()
  server = await startPostgres({ settings: { max_connections: '40' } })
  url = await server.createDatabase('app')
  await run(url, schema)
})
afterAll(async () => await server.stop())

describe('a window over a database', () => {
  const byCustomer = () => statementOf('select id, total from orders where customer_id = $1', [7], [8])
  const byLiteral = () => statementOf("select id from customers where email = 'c5@example.org'", ['c5@example.org'])
  const beyondPlanning = () => statementOf('select data from gone where id = $1')
  let evidence: PgEvidence

  beforeAll(async () => {
    const collector = await startPgCollector({ url, activityIntervalMs: 10 })
    const client = new Client({ connectionString: url })
    await client.connect()
    for (let at = 0; at < 5; at++) await client.query('select id, total from orders where customer_id = $1', [at])
    await client.query("select id from customers where email = 'c9@example.org'")
    await client.query('begin')
    await run(url, 'select 1')
    evidence = await collector.finish({ statements: [byCustomer(), byLiteral(), beyondPlanning()] })
    await client.end()
  })

  it('knows the tables with rows, sizes, columns and their statistics', () => {
    const orders = evidence.tables.find(({ name }) => name === 'orders')!
    expect(orders).toMatchObject({ schema: 'public', rows: 20_000, inserts: 20_000 })
    expect(orders.tableBytes).toBeGreaterThan(500_000)
    expect(orders.columns.map(({ name, type, notNull }) => [name, type, notNull])).toEqual([
      ['id', 'bigint', true],
      ['customer_id', 'integer', true],
      ['status', 'text', true],
      ['total', 'numeric', false],
    ])
    expect(orders.columns[2]!.mostCommonFraction).toBeCloseTo(0.98, 1)
    expect(orders.columns[1]!.distinct).toBe(1000)
  })

  it('knows indexes and foreign keys', () => {
    expect(evidence.indexes.map(({ name, columns, primary, partial }) => [name, columns, primary, partial])).toEqual([
      ['customers_lower_idx', ['lower(email)'], false, false],
      ['customers_pkey', ['id'], true, false],
      ['orders_pkey', ['id'], true, false],
      ['orders_status_idx', ['status'], false, true],
    ])
    expect(evidence.foreignKeys).toEqual([
      {
        name: 'orders_customer_id_fkey',
        schema: 'public',
        table: 'orders',
        columns: ['customer_id'],
        referencedTable: 'customers',
        referencedColumns: ['id'],
        onDelete: 'cascade',
        validated: true,
        hidesParents: false,
      },
    ])
  })

  it('tells the settings of the application, not of this session', () => {
    expect(evidence.settings).toMatchObject({ max_connections: '40', statement_timeout: '0' })
    expect(evidence.extensions).toContain('pg_stat_statements')
    expect(evidence.serverVersion).toBeGreaterThanOrEqual(180_000)
  })

  it('joins what the server counted to the statements of the application, whatever their literals', () => {
    const counted = new Map(evidence.statements.map(one => [one.statementId, one]))
    expect(counted.get(byCustomer().id)).toMatchObject({ calls: 5, rows: 80 })
    expect(counted.get(byLiteral().id)).toMatchObject({ calls: 1, rows: 1 })
    expect(evidence.statements.some(({ text }) => text.includes('pg_stat_activity'))).toBe(false)
  })

  it('plans each statement generically and with the parameters that were used', () => {
    const plans = evidence.plans.map(({ statementId: id, kind, parameterSet }) => [id, kind, parameterSet])
    expect(plans).toEqual([
      [byCustomer().id, 'generic', undefined],
      [byCustomer().id, 'parameters', 0],
      [byCustomer().id, 'parameters', 1],
      [byLiteral().id, 'generic', undefined],
      [byLiteral().id, 'parameters', 0],
    ])
    expect(evidence.plans[0]!.root).toMatchObject({
      nodeType: 'Seq Scan',
      relation: 'orders',
      filter: '(customer_id = $1)',
    })
    expect(evidence.plans[1]!.root.filter).toBe('(customer_id = 7)')
    expect(evidence.plans[1]!.planningMs).toBeGreaterThan(0)
  })

  it('keeps what a join rests on, with the casts that PostgreSQL adds', async () => {
    const client = await connectReadOnly(url)
    const plan = await explainGeneric(
      client,
      statementOf('select o.id from orders o join customers c on c.id = o.total where o.status = $1'),
      evidence.serverVersion,
    )
    await client.end()
    const conditions: unknown[] = []
    someNode(plan!.root, ({ joinCondition }) => {
      if (joinCondition !== undefined) conditions.push(joinCondition)
      return false
    })
    expect(conditions).toEqual([expect.stringContaining('(c.id)::numeric')])
  })

  it('sees the connections of the application, new ones and idle transactions included', () => {
    expect(evidence.activity).toMatchObject({ maxConnections: 40, idleInTransaction: 1 })
    expect(evidence.activity.newConnections).toBeGreaterThanOrEqual(1)
    expect(evidence.activity.peakConnections).toBeGreaterThanOrEqual(1)
  })

  it('says what could not be planned', () => {
    expect(evidence.unavailable).toEqual({ plans: '1 could not be planned: relation "gone" does not exist' })
  })
})

describe('a database that gives little', () => {
  it('goes on without pg_stat_statements', async () => {
    const bare = await server.createDatabase('bare')
    await run(bare, 'drop extension pg_stat_statements; create table t (id int)')
    const collector = await startPgCollector({ url: bare })
    const evidence = await collector.finish({ statements: [] })
    expect(evidence.statements).toEqual([])
    expect(evidence.unavailable.statements).toContain('pg_stat_statements is not installed')
    expect(evidence.tables.map(({ name }) => name)).toEqual(['t'])
  })

  it('goes on with a role that may read nothing', async () => {
    await run(url, "create role guest login password 'x'")
    const collector = await startPgCollector({ url: url.replace('postgres@', 'guest:x@') })
    const statement = statementOf('select id from orders where customer_id = $1', [3])
    const evidence = await collector.finish({ statements: [statement] })
    expect(evidence.tables.map(({ name }) => name)).toContain('orders')
    expect(evidence.unavailable).toMatchObject({ plans: '2 could not be planned: permission denied for table orders' })
  })
})

describe('the connection', () => {
  it('cannot write, not even when the URL asks for it', async () => {
    const client = await connectReadOnly(`${url}?options=-c%20default_transaction_read_only%3Doff`)
    await expect(client.query('insert into customers values (0, $1)', ['x'])).rejects.toThrow('read-only transaction')
    await expect(client.query('select pg_sleep(60)')).rejects.toThrow('statement timeout')
    await client.end()
  })

  it('names the database without its password when it cannot be reached', async () => {
    await expect(connectReadOnly('postgres://app:hunter2@127.0.0.1:1/shop')).rejects.toMatchObject({
      code: 'WHET_DATABASE_UNREACHABLE',
      exitCode: 3,
      message: expect.stringMatching(
        /^cannot read the database postgres:\/\/app:\*\*\*@127.0.0.1:1\/shop: .*ECONNREFUSED/,
      ) as string,
    })
  })
})
