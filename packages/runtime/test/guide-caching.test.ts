/** The guide to caching, run as it is printed: each block of code, in its order, against real servers. */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { available, type PostgresServer, type RedisServer, startPostgres, startRedis } from '@whetstone/sandbox'
import { Redis } from 'ioredis'
import pg from 'pg'
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Cache, CountedKey, TopKeys, WriteBack, WrittenBack } from '../src/cache/index.ts'
import { GuideBlocks } from './guide-blocks.ts'

let postgres: PostgresServer
let redisServer: RedisServer
let redis: Redis
let pool: pg.Pool
let folder: string
let guide: GuideBlocks
let names: Record<string, unknown>
const home = process.cwd()

beforeAll(async () => {
  redisServer = available(await startRedis())
  redis = new Redis(redisServer.url)
  postgres = await startPostgres()
  pool = new pg.Pool({ connectionString: postgres.url })
  await pool.query(`create table position (player text primary key, place jsonb, sequence bigint not null)`)
  folder = await mkdtemp(join(tmpdir(), 'whetstone-guide-'))
  process.chdir(folder)
  guide = await GuideBlocks.of('caching.md')
  const fetchUser = async (id: number) => ({ id })
  names = await guide.run(guide.ofSection('Read-through')[0]!, { fetchUser })
})

afterAll(async () => {
  process.chdir(home)
  redis?.disconnect()
  await pool?.end()
  await Promise.all([redisServer?.stop(), postgres?.stop()])
  await rm(folder, { recursive: true, force: true })
})

test('read-through', () => {
  expect(names['ada']).toEqual({ id: 42 })
  expect((names['cache'] as Cache).explain('user:42')).toMatchObject({
    state: 'fresh',
    goneInMs: expect.any(Number) as number,
  })
})

test('many keys at once', async () => {
  const fetchUsers = async (keys: readonly string[]) => new Map(keys.map(key => [key, { key }]))
  const { users, second } = await guide.run(guide.ofSection('Many keys at once')[0]!, { ...names, fetchUsers })
  expect([...(users as Map<string, unknown>).keys()]).toEqual(['user:1', 'user:2', 'user:42'])
  expect([second, (users as Map<string, unknown>).get('user:42')]).toEqual([{ key: 'user:2' }, { id: 42 }])
})

test('cache-aside', async () => {
  let name = 'Bob'
  const given = {
    ...names,
    readProfile: async () => name,
    saveProfile: async (_: number, to: { name: string }) => (name = to.name),
  }
  const { before, profiles } = await guide.run(guide.ofSection('Cache-aside')[0]!, given)
  expect(before).toBe('Bob')
  expect(await (profiles as { read(id: number): Promise<string> }).read(42)).toBe('Ada')
})

test('write-through', async () => {
  let kept: unknown
  const given = {
    ...names,
    readSettings: async () => kept,
    saveSettings: async (_: number, value: unknown) => (kept = value),
  }
  expect((await guide.run(guide.ofSection('Write-through')[0]!, given))['theme']).toEqual({ theme: 'dark' })
})

test('refresh-ahead', async () => {
  const given = { ...names, fetchPrices: async (market: string) => `prices of ${market}` }
  expect((await guide.run(guide.ofSection('Refresh-ahead')[0]!, given))['now']).toBe('prices of oslo')
})

test('write-back, by either journal', async () => {
  const [files, table] = guide.ofSection('Write-back')
  const readPosition = async () => undefined
  const first = await guide.run(files!, { ...names, pool, readPosition }, code => code.replace('/var/lib/app', folder))
  expect(first['place']).toEqual({ x: 3, y: 4 })
  expect(await (first['positions'] as WrittenBack<unknown>).read('ada')).toEqual({ x: 3, y: 4 })
  await (first['writeBack'] as WriteBack).close()
  expect((await pool.query('select player, place from position')).rows).toEqual([
    { player: 'ada', place: { x: 3, y: 4 } },
  ])
  const flushed: unknown[] = []
  const flush = async (entries: readonly { key: string; value: unknown }[]) =>
    void flushed.push(...entries.map(({ key, value }) => [key, value]))
  const { WriteBack: made } = await import('../src/cache/index.ts')
  await guide.run(table!, { pool, flush, WriteBack: made })
  expect(flushed).toEqual([['bob', { x: 1, y: 2 }]])
})

test('tiers', async () => {
  const { Cache: made } = await import('../src/cache/index.ts')
  const given = { redis, Cache: made, fetchProduct: async (id: number) => ({ id }) }
  const [sharing, closing] = guide.ofSection('Tiers')
  const said = await guide.run(sharing!, given)
  expect(said['product']).toEqual({ id: 7 })
  const { there } = await guide.run(closing!, said)
  expect(there).toMatchObject({
    memory: { state: 'fresh' },
    tier: { name: 'redis', state: 'fresh' },
    lease: expect.stringMatching(/^(free|held)$/) as string,
  })
})

test('stampedes', async () => {
  const given = { ...names, buildReport: async () => 'report' }
  expect((await guide.run(guide.ofSection('Stampedes')[0]!, given))['report']).toBe('report')
})

test('metrics and a warm start', async () => {
  let handler: ((request: unknown, reply: unknown) => unknown) | undefined
  const server = { get: (_: string, serve: typeof handler) => (handler = serve) }
  const { Cache: made } = await import('../src/cache/index.ts')
  const said = await guide.run(guide.ofSection('Metrics')[0]!, { ...names, server, Cache: made })
  const reply = { type: () => reply, send: (text: string) => text }
  expect(handler!(undefined, reply)).toMatch(/key="user:7"\} 1\n# EOF\n$/)
  expect((said['missedMost'] as CountedKey[]).map(({ key }) => key)).toEqual(['user:7'])
  expect((said['watch'] as TopKeys).top(1)).toHaveLength(1)
  expect(said['why']).toMatchObject({ key: 'user:7', state: 'fresh' })
  expect(said['saved']).toBeGreaterThan(0)
  expect(said['warm']).toBe(said['saved'])
})

test('invalidation', async () => {
  await guide.run(guide.ofSection('Invalidation')[0]!, names)
  expect((names['cache'] as Cache).size).toBe(0)
  await guide.run(guide.ofSection('Invalidation')[1]!, names)
  expect((names['cache'] as Cache).get('page:7')).toBe('<h1>7</h1>')
})

test('no block of code is left out', () => {
  expect(guide.leftOut()).toEqual([])
})
