import { Client } from 'pg'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { PgEvidence } from '@whetstone/model'
import { startPostgres } from '@whetstone/sandbox'
import type { PostgresServer } from '@whetstone/sandbox'
import { startPgCollector } from './collector.ts'
import { connectReadOnly, connectScratch } from './connect.ts'
import { copyTables, type Copied } from './scratch-copy.ts'

const wideRows = 30_000
const schema = `
  create table wide (id int primary key, body text not null);
  insert into wide select n, repeat(md5(n::text), 12) from generate_series(1, ${wideRows}) n;
  create table parted (id int not null, day int not null) partition by list (day);
  create table parted_one partition of parted for values in (1);
  create table parted_two partition of parted for values in (2);
  insert into parted select n, 1 + n % 2 from generate_series(1, 4000) n;
  create table places (id int primary key, city text, zip text);
  create statistics together (dependencies, mcv) on city, zip from places;
  create statistics folded on (lower(city)) from places;
  analyze`
const plenty = { maxBytes: 1e9, budgetMs: 60_000 }

describe('a copy of tables', () => {
  let server: PostgresServer
  let url: string
  let pg: PgEvidence
  let from: Client
  let to: Client
  let number = 0
  beforeAll(async () => {
    server = await startPostgres()
    url = await server.createDatabase('app')
    const client = new Client({ connectionString: url })
    await client.connect()
    await client.query(schema)
    await client.end()
    pg = await (await startPgCollector({ url })).finish({ statements: [] })
  })
  afterAll(async () => await server.stop())
  afterEach(async () => {
    await from.end()
    await to.end()
  })

  interface Watching {
    /** A COPY of more pages than this is refused as if its time were over. */
    readonly mostPages?: number
    readonly serverVersion?: number
    readonly maxBytes?: number
    readonly budgetMs?: number
  }
  async function copied(names: readonly string[], watching: Watching = {}): Promise<Copied & { sent: string[] }> {
    from = await connectReadOnly(url)
    to = await connectScratch(await server.createDatabase(`copy_${number++}`), { statementTimeoutMs: 60_000 })
    const sent: string[] = []
    const watched = new Proxy(from, {
      get(client, name) {
        if (name !== 'query') return Reflect.get(client, name) as unknown
        return (
          query: string | (NodeJS.ReadableStream & { text: string; destroy(error: Error): void }),
          values?: [],
        ) => {
          if (typeof query === 'string') {
            sent.push(query)
            return client.query(query, values)
          }
          const pages = /'\((\d+),0\)' AND ctid < '\((\d+),0\)'/.exec(query.text)
          sent.push(query.text)
          if (!pages || Number(pages[2]) - Number(pages[1]) <= (watching.mostPages ?? Infinity))
            return client.query(query as never)
          query.destroy(Object.assign(new Error('canceling statement due to statement timeout'), { code: '57014' }))
          return query
        }
      },
    })
    const tables = names.map(name => pg.tables.find(table => table.name === name)!)
    const result = await copyTables(
      watched,
      to,
      { ...pg, ...(watching.serverVersion ? { serverVersion: watching.serverVersion } : {}) },
      tables,
      { ...plenty, ...watching, signal: new AbortController().signal },
    )
    return { ...result, sent }
  }
  const rowsOf = async (table: string) =>
    (
      await to.query<{ rows: number; distinct: number }>(
        `select count(*)::int as rows, count(distinct id)::int as distinct from ${table}`,
      )
    ).rows[0]
  const copiesIn = (sent: readonly string[]) => sent.filter(text => text.startsWith('COPY'))

  it('takes every row once, in several statements, and leaves the timeout of the session as it is', async () => {
    const { fraction, failed, sent } = await copied(['wide'])
    expect({ fraction, failed, rows: await rowsOf('wide') }).toEqual({
      fraction: 1,
      failed: [],
      rows: { rows: wideRows, distinct: wideRows },
    })
    expect(copiesIn(sent).length).toBeGreaterThan(1)
    expect(sent.filter(text => text.includes('statement_timeout'))).toEqual([])
  })

  it('tries smaller pieces when the time of a statement is over', async () => {
    const { fraction, failed } = await copied(['wide'], { mostPages: 200 })
    expect({ fraction, failed, rows: await rowsOf('wide') }).toMatchObject({
      fraction: 1,
      failed: [],
      rows: { rows: wideRows },
    })
  })

  it('gives a table up when even the smallest piece takes too long', async () => {
    const { failed } = await copied(['wide'], { mostPages: 2 })
    expect(failed).toEqual(['"public"."wide": canceling statement due to statement timeout'])
  })

  it('ends with the time for all tables, having taken a piece of each', async () => {
    const { fraction } = await copied(['wide', 'parted'], { budgetMs: 0 })
    expect(fraction).toBeGreaterThan(0)
    expect(fraction).toBeLessThan(1)
    expect(await rowsOf('parted')).toMatchObject({ rows: 4_000 })
  })

  it('takes a sample from all over a table that is too large', async () => {
    const { fraction } = await copied(['wide'], { maxBytes: 3_000_000 })
    expect(fraction).toBeLessThan(0.4)
    const { rows } = await to.query<{ quarters: number }>(
      `select count(distinct id * 4 / ${wideRows + 1})::int as quarters from wide`,
    )
    expect(rows[0]).toEqual({ quarters: 4 })
  })

  it('takes all parts of a partitioned table', async () => {
    expect(await copied(['parted'])).toMatchObject({ fraction: 1, failed: [] })
    expect(await rowsOf('parted')).toEqual({ rows: 4_000, distinct: 4_000 })
  })

  const statisticsOf = async (table: string) =>
    (
      await to.query<{ text: string }>(
        `select pg_get_statisticsobjdef(oid) as text from pg_statistic_ext where stxrelid = $1::regclass order by oid`,
        [table],
      )
    ).rows.map(({ text }) => text.replace(/STATISTICS \S+ /, 'STATISTICS '))

  it('takes what the planner was told about columns that go together', async () => {
    expect(await copied(['places'])).toMatchObject({ failed: [] })
    expect(await statisticsOf('places')).toEqual([
      'CREATE STATISTICS (dependencies, mcv) ON city, zip FROM places',
      'CREATE STATISTICS ON lower(city) FROM places',
    ])
  })

  it('takes that of plain columns from servers before version 14', async () => {
    expect(await copied(['places'], { serverVersion: 130_000 })).toMatchObject({ failed: [] })
    expect(await statisticsOf('places')).toEqual(['CREATE STATISTICS (dependencies, mcv) ON city, zip FROM places'])
  })

  it('takes the same rows the way servers before version 14 are asked', async () => {
    expect(await copied(['parted'], { serverVersion: 130_000 })).toMatchObject({ fraction: 1, failed: [] })
    expect(await rowsOf('parted')).toEqual({ rows: 4_000, distinct: 4_000 })
  })
})
