/** What the remedies about upkeep offer for pasting, run on a real server: rows stay, and what was to become true is true. */
import type { Evidence } from '@whetstone/model'
import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import { Client } from 'pg'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest'
import { startPgCollector } from '../../loop/src/measure/pg/collector.ts'
import { outcomeOf } from '../src/derive/testing/describe-practice.ts'
import { hostOf, range, statement, statementsOf, use } from '../src/derive/testing/evidence.ts'
import { practiceById } from '../src/index.ts'

const rows = 3_000
const schema = `
  DROP SCHEMA IF EXISTS public CASCADE; CREATE SCHEMA public;
  DROP SCHEMA IF EXISTS "Sales" CASCADE; CREATE SCHEMA "Sales";
  CREATE TABLE events (id serial, "at" timestamptz NOT NULL, note text DEFAULT 'none', doubled int GENERATED ALWAYS AS (id * 2) STORED);
  INSERT INTO events ("at") SELECT now() - n * interval '1 day' FROM generate_series(1, ${rows}) n;
  CREATE TABLE "Sales"."Bills" (id int GENERATED ALWAYS AS IDENTITY, at timestamptz NOT NULL) WITH (autovacuum_enabled = false);
  INSERT INTO "Sales"."Bills" (at) SELECT now() - n * interval '1 day' FROM generate_series(1, ${rows}) n;
  ALTER TABLE "Sales"."Bills" ALTER COLUMN id SET GENERATED ALWAYS RESTART WITH 2147000000;
  INSERT INTO "Sales"."Bills" (at) VALUES (now())`

let server: PostgresServer
let url: string
let client: Client

beforeAll(async () => {
  server = await startPostgres()
  url = await server.createDatabase('upkeep')
})
afterAll(async () => await server.stop())
beforeEach(async () => {
  client = new Client({ connectionString: url })
  await client.connect()
  await client.query(schema)
  await client.query('ANALYZE')
  return async () => await client.end()
})

async function remedyOf(practice: string, evidence: Evidence, thresholds: Readonly<Record<string, number>>) {
  const outcome = outcomeOf(practiceById(practice)!, evidence, thresholds)
  if (outcome.kind !== 'finding') throw new Error(`${practice} found nothing: ${JSON.stringify(outcome)}`)
  return outcome.findings.map(({ remedy }) => remedy.code?.after ?? '')
}

const pgEvidence = async () => ({ pg: await (await startPgCollector({ url })).finish({ statements: [] }) })
const one = async <T>(sql: string): Promise<T> => (await client.query<{ value: T }>(sql)).rows[0]!.value
/** As psql runs a pasted text: VACUUM and ALTER SYSTEM refuse to share a transaction. */
const paste = async (sql: string) => {
  for (const text of sql.split(/;[^\n]*(?:\n|$)/)) if (text.trim() !== '') await client.query(text)
}

const clear = (table: string, column: string) =>
  statementsOf(
    [
      statement('clear', `DELETE FROM ${table} WHERE ${column} < $1`, {
        operation: 'delete',
        tables: [table],
        conditions: [range(table, column)],
      }),
    ],
    [use('POST /clear', 'clear', 10, 5_000, { rows: 50_000 })],
  )

describe('a table becomes partitioned', () => {
  it('and keeps its rows, its defaults and its numbers, and takes those of the months to come', async () => {
    const evidence = { ...(await pgEvidence()), statements: clear('events', 'at') }
    const [sql] = await remedyOf('partitioning', evidence, { rows: rows - 1, deletedRows: 1 })
    await client.query(sql!)
    await client.query(`INSERT INTO events ("at") VALUES (now()), (date_trunc('month', now()) + interval '75 days')`)
    expect(await one("SELECT relkind AS value FROM pg_class WHERE oid = 'events'::regclass")).toBe('p')
    expect(await one('SELECT count(*)::int AS value FROM events')).toBe(rows + 2)
    expect(await one('SELECT count(*)::int AS value FROM events_past')).toBe(rows + 1)
    expect(await one(`SELECT doubled AS value FROM events_next WHERE note = 'none'`)).toBe(2 * (rows + 2))
  })

  it('also with names that need quotes', async () => {
    const evidence = { ...(await pgEvidence()), statements: clear('Sales.Bills', 'at') }
    const sql = (await remedyOf('partitioning', evidence, { rows: rows - 1, deletedRows: 1 })).join('\n')
    await client.query('ALTER TABLE "Sales"."Bills" ALTER COLUMN id DROP IDENTITY')
    await client.query(sql)
    expect(await one('SELECT count(*)::int AS value FROM "Sales"."Bills"')).toBe(rows + 1)
  })
})

describe('old rows', () => {
  it('move to an archive, some at a time', async () => {
    const evidence = await pgEvidence()
    const read = statement('read', 'SELECT count(*) FROM events WHERE "at" >= $1', {
      tables: ['events'],
      conditions: [range('events', 'at')],
    })
    const pg = {
      ...evidence.pg,
      plans: [
        {
          statementId: 'read',
          kind: 'parameters' as const,
          totalCost: 900,
          root: {
            nodeType: 'Seq Scan',
            relation: 'events',
            startupCost: 0,
            totalCost: 900,
            planRows: rows,
            planWidth: 8,
            children: [],
          },
        },
      ],
      rangeReads: [{ statementId: 'read', schema: 'public', table: 'events', column: 'at', newerFraction: 0.1 }],
      unavailable: { indexTrials: 'none' },
    }
    const statements = statementsOf([read], [use('GET /read', 'read', 10, 500)])
    const [sql] = await remedyOf('data-retention', { pg, statements }, { rows: rows - 1 })
    await paste(sql!)
    const archived = await one<number>('SELECT count(*)::int AS value FROM events_archive')
    expect(archived).toBeGreaterThan(rows - 400)
    expect(await one('SELECT count(*)::int AS value FROM events')).toBe(rows - archived)
  })
})

describe('upkeep', () => {
  it('vacuums a table, gives it back to autovacuum, and lets its numbers go on', async () => {
    await client.query('UPDATE "Sales"."Bills" SET at = at')
    await client.end()
    client = new Client({ connectionString: url })
    await client.connect()
    const evidence = await pgEvidence()
    const read = { ...evidence.pg, tables: evidence.pg.tables.map(table => ({ ...table, sequentialScans: 9 })) }
    const sql = await remedyOf('vacuum-health', { pg: read }, { deadRows: 100 })
    expect(sql).toHaveLength(2)
    for (const text of sql) await paste(text)
    const bills = `'"Sales"."Bills"'::regclass`
    expect(await one(`SELECT reloptions AS value FROM pg_class WHERE oid = ${bills}`)).toBeNull()
    expect(await one(`SELECT n_dead_tup::int AS value FROM pg_stat_user_tables WHERE relid = ${bills}`)).toBe(0)
    await client.query('INSERT INTO "Sales"."Bills" (at) SELECT now() FROM generate_series(1, 500000)')
    expect(await one('SELECT (max(id) > 2147483647) AS value FROM "Sales"."Bills"')).toBe(true)
  })

  it.each([
    ['off for the server', { autovacuum: 'off' }, false, 20_000],
    ['behind', { autovacuum_naptime: '1s' }, true, 20_000],
  ])('where autovacuum is %s is SQL the server takes', async (_, settings, enabled, deadRows) => {
    const { pg } = await pgEvidence()
    const tables = pg.tables.map(table => ({
      ...table,
      deadRows,
      deadRowsBefore: deadRows,
      sequentialScans: 9,
      autovacuum: { ...table.autovacuum!, enabled },
    }))
    const health = { ...pg.health!, sequences: [] }
    const activity = { ...pg.activity, windowMs: 60_000 }
    const sql = await remedyOf('vacuum-health', { pg: { ...pg, settings, tables, health, activity } }, {})
    for (const text of sql) await paste(text)
    await paste('ALTER SYSTEM RESET ALL')
  })

  it('of memory is SQL the server takes', async () => {
    const { pg } = await pgEvidence()
    const tables = pg.tables.map(table => ({ ...table, heapBlocksHit: 10, heapBlocksRead: 90_000 }))
    const counted = { text: '', calls: 1, totalMs: 9_000, meanMs: 9_000, rows: 1, blocksHit: 1, blocksRead: 1 }
    const cold = {
      ...pg,
      tables,
      health: { ...pg.health!, uptimeMs: 9e9, blockReadMs: 9_000 * tables.length },
      statements: [{ ...counted, temporaryBlocks: 0 }],
    }
    const [sql] = await remedyOf('db-cache-hit', { pg: cold, host: hostOf(1) }, {})
    await paste(sql!)
    await paste('ALTER SYSTEM RESET ALL')
  })
})
