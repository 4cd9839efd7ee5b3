import { Client } from 'pg'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PgEvidence, Statement } from '@whetstone/model'
import { normaliseStatement, statementId } from '@whetstone/probe/statement-text'
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import { loadStatementParser, statementShape } from '../statement-shape.ts'
import { autovacuumOf } from './autovacuum.ts'
import { startPgCollector } from './collector.ts'

const schema = `
  create table orders (id serial primary key, created timestamptz not null, total int not null)
    with (autovacuum_enabled = false, autovacuum_vacuum_scale_factor = 0.01);
  insert into orders (created, total) select now() - n * interval '1 minute', n from generate_series(1, 20000) n;
  create table small (id smallint generated always as identity, wide bigserial);
  select setval('small_id_seq', 30000), setval('small_wide_seq', 30000), setval('orders_id_seq', 1500000000);
  create table events (day int not null) partition by range (day);
  create table events_1 partition of events for values from (1) to (100);
  create sequence round maxvalue 10 cycle;
  select setval('round', 9)`

describe('a server that has run for long', () => {
  let server: PostgresServer
  let evidence: PgEvidence
  beforeAll(async () => {
    await loadStatementParser()
    server = await startPostgres({ settings: { autovacuum: 'off' } })
    const url = await server.createDatabase('app')
    // Each connection hands its counts in when it ends, so the one between the two ends of the window counts inside.
    const run = async (...texts: readonly string[]) => {
      const client = new Client({ connectionString: url })
      await client.connect()
      for (const text of texts) await client.query(text)
      await client.end()
    }
    await run(schema)
    await run('analyze')
    await run('update orders set total = total + 1 where id <= 3000')
    const collector = await startPgCollector({ url })
    await run(
      'update orders set total = total + 1 where id <= 1000',
      "set work_mem = '64kB'",
      'select total, count(*) over () from orders order by total desc offset 19999',
      'vacuum small',
    )
    const statements = [
      statementOf("select id from orders where created >= now() - interval '2 days'"),
      statementOf('select id from orders where created >= $1 and total > $2', ['2001-01-01', 5]),
    ]
    evidence = await collector.finish({ statements })
  })
  afterAll(async () => await server.stop())

  it('tells dead rows at both ends, what is not analysed, and the autovacuum in force', () => {
    expect(evidence.tables.find(({ name }) => name === 'orders')).toMatchObject({
      kind: 'table',
      deadRowsBefore: 3_000,
      deadRows: 4_000,
      modifiedSinceAnalyze: 4_000,
      autovacuum: { enabled: false, vacuumScaleFactor: 0.01, analyzeScaleFactor: 0.1, vacuumThreshold: 50 },
      lastAnalyze: expect.any(String) as string,
    })
    expect(evidence.tables.find(({ name }) => name === 'orders')?.lastVacuum).toBeUndefined()
    expect(evidence.tables.find(({ name }) => name === 'small')?.lastVacuum).toEqual(expect.any(String))
  })

  it('leaves nothing unread', () => {
    expect(evidence.unavailable).toEqual({})
  })

  it('tells blocks within the window', () => {
    const orders = evidence.tables.find(({ name }) => name === 'orders')!
    expect(orders.heapBlocksHit! + orders.heapBlocksRead!).toBeGreaterThan(100)
    expect(orders.indexBlocksHit! + orders.indexBlocksRead!).toBeGreaterThan(0)
  })

  it('tells partitions from tables', () => {
    const kinds = evidence.tables.map(({ name, kind, partitionOf }) => [name, kind, partitionOf])
    expect(kinds).toContainEqual(['events', 'partitioned', undefined])
    expect(kinds).toContainEqual(['events_1', 'table', 'events'])
  })

  it('tells which sequences come to their end, by the type of their column', () => {
    const sequences = evidence.health?.sequences.map(({ usedFraction, ...one }) => ({
      ...one,
      used: usedFraction.toFixed(2),
    }))
    expect(sequences).toEqual([
      { schema: 'public', name: 'small_id_seq', table: 'small', column: 'id', columnType: 'smallint', used: '0.92' },
      { schema: 'public', name: 'orders_id_seq', table: 'orders', column: 'id', columnType: 'integer', used: '0.70' },
    ])
  })

  it('counts what went to disk within the window', () => {
    expect(evidence.health).toMatchObject({
      temporaryFiles: expect.any(Number) as number,
      blockReadMs: expect.any(Number) as number,
    })
    expect(evidence.health!.temporaryFiles).toBeGreaterThan(0)
    expect(evidence.health!.temporaryBytes).toBeGreaterThan(100_000)
    expect(evidence.health!.uptimeMs).toBeGreaterThan(0)
    expect(evidence.health!.transactionAge).toBeGreaterThan(0)
  })

  it('knows which part of a table the ranges ask for', () => {
    expect(evidence.rangeReads?.map(({ table, column }) => [table, column])).toEqual([
      ['orders', 'created'],
      ['orders', 'created'],
    ])
    const fractions = evidence.rangeReads!.map(({ newerFraction }) => newerFraction)
    const [twoDays, ever] = fractions.toSorted((a, b) => a - b)
    expect(twoDays).toBeCloseTo(2_880 / 20_000, 1)
    expect(ever).toBeCloseTo(1, 1)
  })
})

function statementOf(sql: string, values: Statement['parameters'][number]['values'] = []): Statement {
  const text = normaliseStatement(sql)
  const shape = statementShape(text)
  return {
    id: statementId(text),
    text,
    rawText: sql,
    ...(shape ? { shape } : {}),
    parameters: values.length > 0 ? [{ values, kept: 'random', durationMs: 1 }] : [],
  }
}

describe('the autovacuum in force', () => {
  const server = new Map([
    ['autovacuum', 'on'],
    ['autovacuum_vacuum_threshold', '50'],
    ['autovacuum_vacuum_scale_factor', '0.2'],
  ])

  it('is that of the server, unless the table says otherwise', () => {
    expect(autovacuumOf(server, ['fillfactor=70'])).toMatchObject({ enabled: true, vacuumScaleFactor: 0.2 })
    expect(autovacuumOf(server, ['autovacuum_vacuum_threshold=1000'])).toMatchObject({ vacuumThreshold: 1_000 })
  })

  it('is off where either is off', () => {
    expect(autovacuumOf(server, ['autovacuum_enabled=off']).enabled).toBe(false)
    expect(autovacuumOf(new Map([...server, ['autovacuum', 'off']]), ['autovacuum_enabled=true']).enabled).toBe(false)
  })
})
