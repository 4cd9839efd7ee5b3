/** The guide to the data layer, run as it is printed: each block of code, in its order, against real servers. */
import { createReadStream, createWriteStream } from 'node:fs'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { text } from 'node:stream/consumers'
import { type PostgresServer, startPostgres } from '@whetstone/sandbox'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { GuideBlocks } from './guide-blocks.ts'
import * as runtime from '../src/index.ts'
import * as batch from '../src/batch/index.ts'
import * as data from '../src/data/index.ts'

let server: PostgresServer
let south: PostgresServer
let folder: string
let pool: data.Pool
let guide: GuideBlocks
const environment = { ...process.env }
const home = process.cwd()

beforeAll(async () => {
  server = await startPostgres({ settings: { wal_level: 'logical' } })
  south = await startPostgres({ settings: { wal_level: 'logical' } })
  folder = await mkdtemp(join(tmpdir(), 'whetstone-guide-'))
  process.env['DATABASE_URL'] = server.url
  process.env['NORTH_URL'] = server.url
  process.env['SOUTH_URL'] = south.url
  process.env['CURSOR_KEY'] = process.env['SESSION_KEY'] = 'a secret of at least 32 characters'
  pool = new data.Pool({ connectionString: server.url })
  await pool.query(`
    create table item (id int primary key, name text); insert into item values (42, 'answer');
    create table account (id int primary key, balance int); insert into account values (1, 100), (2, 0);
    create table users (id int primary key, name text); insert into users values (1, 'Ada'), (2, 'Bob');
    create table events (id bigint primary key, payload jsonb, at timestamptz);
    create table orders (id int primary key, customer int, user_id int, day date default '2026-11-01', placed_at timestamptz default now(), total int);
    insert into orders select i, 1, 1, '2026-11-01', now(), i from generate_series(1, 60) i`)
  guide = await GuideBlocks.of('data.md')
})

afterAll(async () => {
  process.chdir(home)
  Object.assign(process.env, environment)
  await pool?.end()
  await Promise.all([server?.stop(), south?.stop()])
  await rm(folder, { recursive: true, force: true })
})

test('the pool', async () => {
  const [opening, deadline, transaction, leaks] = guide.ofSection('The pool')
  const opened = await guide.run(opening!, {})
  expect(opened['rows']).toEqual([{ id: 42, name: 'answer' }])
  await (opened['pool'] as data.Pool).end()
  const request = new AbortController()
  const report = 'select $1::int as year'
  expect((await guide.run(deadline!, { pool, request, report, year: 2026 }))['rows']).toEqual([{ year: 2026 }])
  await guide.run(transaction!, { pool, from: 1, to: 2, ctx: new runtime.Context() })
  expect((await pool.query('select balance from account order by id')).rows).toEqual([{ balance: 90 }, { balance: 10 }])
  await guide.run(leaks!, { pool, log: console })
  expect(pool.listenerCount('leak')).toBe(1)
})

test('batches and many rows in', async () => {
  const [reads, writes] = guide.ofSection('Batch')
  const posts = [{ authorId: 1 }, { authorId: 2 }, { authorId: 1 }]
  const itemsOfOrders = async (ids: readonly number[]) => ids.map(orderId => ({ orderId }))
  const read = await guide.run(reads!, { pool, posts, itemsOfOrders })
  expect((read['userById'] as batch.Batched<number, unknown>).stats().loads).toBe(1)
  const at = new Date()
  const events = [1, 2, 2].map(id => ({ id, payload: ['list', id], at }))
  const wrote = await guide.run(writes!, { pool, events })
  expect(wrote).toMatchObject({ written: 2, failed: [{ index: 2 }] })
  await (wrote['write'] as (event: object) => Promise<void>)({ id: 3, payload: null, at })
  expect((await pool.query('select from events')).rowCount).toBe(3)
})

test('keyset pages', async () => {
  const [pages] = guide.ofSection('Keyset')
  const first = await guide.run(pages!, { pool, customer: 1, query: {} })
  const second = await guide.run(pages!, { pool, customer: 1, query: { after: first['next'] } })
  expect((first['rows'] as unknown[]).concat(second['rows'])).toHaveLength(50)
  expect(second['previous']).toBeDefined()
})

test('streams', async () => {
  const [streams] = guide.ofSection('Stream')
  const seen: unknown[] = []
  const bodies: Promise<string>[] = []
  const reply = { type: () => reply, send: (body: NodeJS.ReadableStream) => void bodies.push(text(body)) }
  await guide.run(streams!, {
    pool,
    ctx: new runtime.Context(),
    day: '2026-11-01',
    reply,
    handle: (row: unknown) => seen.push(row),
  })
  expect(seen).toHaveLength(60)
  expect((await bodies[0]!).trim().split('\n')).toHaveLength(60)
})

test('bulk', async () => {
  const [bulk] = guide.ofSection('Bulk')
  await pool.query('truncate events')
  await writeFile(join(folder, 'events.csv'), 'id,payload,at\n10,"{}",\n')
  process.chdir(folder)
  const seen: unknown[] = []
  const handle = (...row: unknown[]) => seen.push(row)
  await guide.run(bulk!, { pool, rowsOfValues: [[1, { a: 1 }]], handle, createReadStream, createWriteStream, pipeline })
  expect(seen).toEqual([
    ['1', '{"a": 1}'],
    ['10', '{}'],
  ])
  expect((await readFile('events.csv', 'utf8')).split('\n')).toHaveLength(4)
})

test('replicas', async () => {
  const [opening, session] = guide.ofSection('Replicas')
  const here = (code: string) => code.replaceAll(/postgres:\/\/db\d\/app/g, server.url)
  const { database } = (await guide.run(opening!, {}, here)) as { database: data.ReplicaSet }
  const cookies: string[] = []
  const reply = { setCookie: (_: string, token: string) => cookies.push(token) }
  let serve: ((request: object, reply: object) => Promise<unknown[]>) | undefined
  await guide.run(session!, {
    database,
    user: 1,
    server: { get: (_: string, handler: typeof serve) => (serve = handler) },
  })
  await database.write('select 1')
  expect(await serve!({ cookies: {} }, reply)).toHaveLength(60)
  expect(cookies).toEqual([])
  database.close()
})

test('shards', async () => {
  const [opening, page, move] = guide.ofSection('Shards')
  const tables = `drop table if exists orders, customers;
    create table customers (bucket int, id int, primary key (bucket, id));
    create table orders (bucket int, id int, customer int, total int, created_at timestamptz default now(), primary key (bucket, id))`
  const names: Record<string, unknown> = { customerId: 7, orderId: 1, total: 5 }
  for (const url of [server.url, south.url]) {
    const shard = new data.Pool({ connectionString: url, max: 1 })
    await shard.query(tables)
    await shard.end()
  }
  Object.assign(names, await guide.run(opening!, names))
  expect((await guide.run(page!, names))['newest']).toMatchObject([{ id: 1, customer: 7, total: 5 }])
  const shards = names['shards'] as Record<string, data.Pool>
  // The third shard of the guide is not started here: the buckets go to two as before, so that nothing moves.
  await guide.run(move!, names, code => code.replace(`, 'west'`, ''))
  await Promise.all(Object.values(shards).map(shard => shard.end()))
})

test('no block of code is left out, save that of the ORMs, which have a test of their own', () => {
  expect(guide.leftOut()).toEqual(['new Kysely({ dialect: new PostgresDialect({ pool }) }) // 0.28'])
})
