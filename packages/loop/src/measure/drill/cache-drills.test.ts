/** The drills of caches, on a real Redis and on a service that loads a missing key once for each request. */
import { afterAll, beforeAll, expect, test } from 'vitest'
import type { CacheFailureDrill, CacheStampedeDrill, Workload } from '@whetstone/model'
import { available, startPostgres, startRedis } from '@whetstone/sandbox'
import type { PostgresServer, RedisServer } from '@whetstone/sandbox'
import { bookDatabase, runFixture } from '../probe/testing/observe-fixture.ts'
import type { RunningFixture } from '../probe/testing/observe-fixture.ts'
import { keyHash } from '@whetstone/probe/key-template'
import { connectForDrill } from '../redis/connect.ts'
import { cacheDrills } from './cache-drills.ts'

let postgres: PostgresServer
let redis: RedisServer
let service: RunningFixture
beforeAll(async () => {
  postgres = await startPostgres()
  redis = available(await startRedis())
  service = await runFixture({
    file: 'probe-caches/products.mjs',
    databaseUrl: await bookDatabase(postgres),
    env: { CLIENT: 'ioredis', CACHE_URL: redis.url },
  })
})
afterAll(async () => {
  await service?.stop()
  await redis?.stop()
  await postgres?.stop()
})

const request = { method: 'GET', path: '/product/7', headers: {} }
const workload: Workload = { routes: [{ route: 'GET /product/:id', weight: 1, requests: [request] }], skipped: [] }
const common = { workload, ratePerSecond: 50, random: () => 0.5, requests: [], signal: new AbortController().signal }

test('a hot key that is taken away is loaded by every request that misses it', async () => {
  const { receiver, baseUrl } = service
  for (let n = 0; n < 20; n++) await service.ask('/product/7')
  await receiver.flush()
  const { drills, warnings } = await cacheDrills(
    { baseUrl, probe: receiver },
    { traces: receiver.evidence().traces },
    { ...common, allowed: ['cache-stampede'] },
  )
  expect(warnings).toEqual([])
  const [drill] = drills as [CacheStampedeDrill]
  expect(drill).toMatchObject({ kind: 'cache-stampede', keyTemplate: 'product:{n}' })
  expect(drill.rounds).toHaveLength(3)
  // Each load takes 100 ms, and some ten requests come meanwhile.
  for (const round of drill.rounds) {
    expect(round.loads).toBeGreaterThan(1)
    expect(round.maxConcurrent).toBeGreaterThan(1)
    expect(round.refilledAfterMs).toBeGreaterThan(0)
  }
  expect(drill.usual.errors + drill.afterwards.errors).toBe(0)
}, 60_000)

test('a key that has just ended is waited for until a request has loaded it', async () => {
  const { receiver, baseUrl } = service
  for (let n = 0; n < 20; n++) await service.ask('/product/8')
  await receiver.flush()
  const { traces } = receiver.evidence()
  const connection = await connectForDrill(redis.url)
  await connection.delete('product:8')
  connection.close()
  const of8 = {
    ...traces,
    cache: {
      ...traces.cache!,
      keys: traces.cache!.keys.map(keys => ({
        ...keys,
        hot: keys.hot.filter(({ keyHash: hash }) => hash === keyHash('product:8')),
      })),
    },
  }
  const { drills, warnings } = await cacheDrills(
    { baseUrl, probe: receiver },
    { traces: of8 },
    { ...common, allowed: ['cache-stampede'] },
  )
  expect(warnings).toEqual([])
  expect(drills).toMatchObject([{ kind: 'cache-stampede', rounds: [{}, {}, {}] }])
}, 60_000)

test('it says that the key is not where it was looked for, and how many requests read it', async () => {
  const { receiver, baseUrl } = service
  for (let n = 0; n < 20; n++) await service.ask('/product/7')
  await receiver.flush()
  const { drills, warnings } = await cacheDrills(
    { baseUrl, probe: receiver },
    { traces: receiver.evidence().traces },
    { ...common, allowed: ['cache-stampede'], redisUrl: `${redis.url}/9` },
  )
  expect(drills).toEqual([])
  expect(warnings).toEqual([
    expect.stringMatching(
      /^the drill cache-stampede was not carried out: the hottest key of product:\{n\} was not in redis:.*\/9 within 5 s and \d+ requests that read it$/,
    ),
  ])
}, 60_000)

test('a cache that stands still lets requests fail that wait for it, and they are answered again afterwards', async () => {
  const { receiver, baseUrl } = service
  const { drills, warnings } = await cacheDrills(
    { baseUrl, probe: receiver },
    {},
    { ...common, allowed: ['cache-failure'], redisUrl: redis.url },
  )
  expect(warnings).toEqual([])
  const [drill] = drills as [CacheFailureDrill]
  expect(drill).toMatchObject({ kind: 'cache-failure', by: 'client-pause', pausedMs: 5_000, before: { errors: 0 } })
  // A command of this client gives up after 2 s, and nobody catches that.
  expect(drill.during.maxMs).toBeGreaterThan(1_500)
  expect(drill.recoveredAfterMs).toBeDefined()
  expect(drill.routes.map(({ route }) => route)).toEqual(['GET /product/:id'])
}, 60_000)

test('no cache but one of Redis on this machine is broken, and none that is not known', async () => {
  const stand = { baseUrl: service.baseUrl }
  const options = { ...common, allowed: ['cache-failure'] as const }
  expect(await cacheDrills(stand, {}, { ...options, redisUrl: 'redis://192.0.2.1' })).toMatchObject({
    drills: [],
    warnings: [expect.stringContaining('no Redis on this machine')],
  })
  expect(await cacheDrills(stand, {}, options)).toMatchObject({
    drills: [],
    warnings: [expect.stringContaining('--redis')],
  })
})
