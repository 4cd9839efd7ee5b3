import { randomUUID } from 'node:crypto'
import { type RedisServer, startRedis } from '@whetstone/sandbox'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Cache } from '../core/cache.ts'
import { until } from '../testing/until.ts'
import { redisShared } from './redis-shared.ts'

let server: RedisServer
const clients: Redis[] = []
const caches: Cache[] = []

beforeAll(async () => {
  const started = await startRedis()
  if (started.kind === 'not-available') throw new Error(started.reason)
  server = started
}, 400_000)

afterAll(async () => {
  for (const cache of caches) await cache.close()
  for (const client of clients) client.disconnect()
  await server?.stop()
})

/** As in a process of its own. */
async function process(prefix: string): Promise<Cache> {
  const client = new Redis(server.port)
  const cache = new Cache({ shared: { ...redisShared(client, { prefix }), timeoutMs: 15_000 } })
  clients.push(client)
  caches.push(cache)
  await cache.ready()
  return cache
}

test('what memory does not have is explained by what Redis has', async () => {
  const prefix = `${randomUUID()}:`
  const [one, other] = [await process(prefix), await process(prefix)]
  let answer!: (value: string) => void
  const loading = one.getOrLoad('a', () => new Promise<string>(resolve => (answer = resolve)), {
    ttlMs: 60_000,
    jitterFraction: 0,
    staleIfErrorMs: 60_000,
    tags: ['team'],
  })
  await until(async () => (await other.explainShared('a')).lease === 'held')
  expect(await other.explainShared('a')).toEqual({
    key: 'a',
    memory: { key: 'a', state: 'absent', loading: undefined },
    tier: { name: 'redis', state: 'absent' },
    lease: 'held',
  })
  answer('value')
  await loading
  await until(async () => (await other.explainShared('a')).lease === 'free')
  const { memory, tier } = await other.explainShared('a')
  expect([memory.state, tier]).toMatchObject(['absent', { state: 'fresh', missing: false, tags: ['team'] }])
  const { freshForMs, goneInMs } = tier as { freshForMs: number; goneInMs: number }
  expect([freshForMs > 0 && freshForMs <= 60_000, Math.round(goneInMs - freshForMs)]).toEqual([true, 60_000])
  expect(one.explain('a').state).toBe('fresh')
  await one.invalidateTags('team')
  expect((await other.explainShared('a')).tier?.state).toBe('invalidated')
  expect(await new Cache().explainShared('a')).toMatchObject({ tier: undefined, lease: undefined })
  clients.at(-1)!.disconnect()
  expect(await other.explainShared('a')).toMatchObject({ tier: { name: 'redis', state: 'unknown' }, lease: 'unknown' })
})

test('two processes that ask for overlapping hundreds have each key loaded once', async () => {
  const prefix = `${randomUUID()}:`
  const [one, other] = [await process(prefix), await process(prefix)]
  const keys = Array.from({ length: 500 }, (_, at) => `item:${at}`)
  const asked: string[] = []
  const load = async (missing: readonly string[]) => {
    asked.push(...missing)
    return new Map(missing.map(key => [key, { key, name: `name of ${key}` }]))
  }
  const policy = { ttlMs: 600_000, hardTimeoutMs: 60_000, tags: ['items'] }
  const [first, second] = await Promise.all([
    one.getMany(keys.slice(0, 400), load, policy),
    other.getMany(keys.slice(100), load, policy),
  ])
  expect([first.size, second.size]).toEqual([400, 400])
  for (const [key, value] of [...first, ...second]) expect(value).toEqual({ key, name: `name of ${key}` })
  expect([asked.length, new Set(asked).size]).toEqual([500, 500])
  const third = await process(prefix)
  expect((await third.getMany(keys, load, policy)).size).toBe(500)
  expect(third.counts).toMatchObject({ miss: 500, tierHit: 500, loads: 0, tierFailed: 0 })
  await third.invalidateTags('items')
  const fourth = await process(prefix)
  await fourth.getMany(keys.slice(0, 3), load, policy)
  expect(asked.slice(500)).toEqual(keys.slice(0, 3))
}, 60_000)
