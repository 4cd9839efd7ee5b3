/** Commands to Redis and Memcached, seen inside the service with the clients that Node services use, and the counters of caches in its memory. */
import { placeText } from '@whetstone/model'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { available, startMemcached, startPostgres, startRedis } from '@whetstone/sandbox'
import type { PostgresServer, RedisServer } from '@whetstone/sandbox'
import { seenFromOutside } from './testing/seen-from-outside.ts'
import { bookDatabase, fixturePath, lineOf, observe, runFixture } from './testing/observe-fixture.ts'

let postgres: PostgresServer
let redis: RedisServer
let databaseUrl: string
beforeAll(async () => {
  postgres = await startPostgres()
  databaseUrl = await bookDatabase(postgres)
})
beforeEach(async () => {
  const started = available(await startRedis())
  redis = started
  return async () => await started.stop()
})
afterAll(async () => await postgres?.stop())

const file = 'probe-caches/products.mjs'
const fixture = (client: string, driversFrom?: string) => ({
  file,
  databaseUrl,
  env: {
    CLIENT: client,
    CACHE_URL: redis.url,
    ...(driversFrom && { DRIVERS_FROM: fixturePath(`${driversFrom}/package.json`) }),
  },
})

const forms = ['/many', '/together/1', '/transaction/1', '/failing', '/callback', '/unawaited'] as const

describe.each(['ioredis', 'redis'])('with %s', driver => {
  test('a key that is missed, loaded and set, and then found, is told by its template, its place and its life', async () => {
    const { evidence, answers, warnings } = await observe(fixture(driver), [
      '/product/7',
      '/product/7',
      '/product/8',
      '/rename/7',
      '/product/7',
    ])
    expect(warnings).toEqual([])
    expect(new Set([answers[0], answers[1], answers[4]]).size).toBe(1)
    const { cache } = evidence.traces
    const reads = cache!.uses.filter(use => use.command === 'GET' && use.route === 'GET /product/:id')
    expect(reads).toMatchObject([{ driver, keyTemplate: 'product:{n}', calls: 4, requests: 4, hits: 1, misses: 3 }])
    expect(reads[0]!.duration.count).toBe(4)
    expect(cache!.uses.find(use => use.command === 'SET')).toMatchObject({ calls: 3, errors: 0 })
    expect(cache!.uses.find(use => use.command === 'DEL')).toMatchObject({ calls: 1, keyTemplate: 'product:{n}' })
    const [load] = evidence.statements.statements.filter(({ text }) => text.includes('pg_sleep')).map(({ id }) => id)
    expect(cache!.keys).toMatchObject([
      {
        keyTemplate: 'product:{n}',
        distinctKeys: 2,
        hits: 1,
        misses: 3,
        missesBy: { unseen: 2, deleted: 1, expired: 0, other: 0 },
        sets: 3,
        ttls: [{ ttlMs: 60_000, sets: 3 }],
        refreshes: 1,
        refreshesUnchanged: 1,
        deletes: 1,
        loads: { loads: 3, unfilled: 0, stampedes: 0, maxConcurrent: 1, statements: [{ statementId: load, loads: 3 }] },
      },
    ])
    expect(cache!.keys[0]!.loads.totalMs).toBeGreaterThan(150)
    const { keyFraction, keys, atMs } = cache!.keys[0]!.reads!
    const [seven, again, eight, renamed] = keys
    expect([keyFraction, keys.length, atMs.toSorted()]).toEqual([1, 4, atMs])
    expect([again, renamed]).toEqual([seven, seven])
    expect(eight).not.toBe(seven)
    expect(placeText(cache!.servers[0]!.site)).toBe(lineOf(file, `client of ${driver}`))
    expect(cache!.servers).toMatchObject([{ driver, mode: 'single', host: '127.0.0.1', port: redis.port, clients: 1 }])
    const spans = evidence.traces.traces.find(trace => trace.route === 'GET /product/:id')!.spans
    expect(spans.map(({ kind }) => kind)).toContain('cache')
    expect(JSON.stringify(evidence.traces)).not.toContain('product:7')
  })

  test('requests that load the same key at the same time are a stampede', async () => {
    const { evidence } = await observe(fixture(driver), [
      '/product/1',
      Array.from({ length: 5 }, () => '/product/7'),
      '/product/99',
      '/product/99',
    ])
    const { loads } = evidence.traces.cache!.keys[0]!
    // How many of the five overlap is up to the machine, not whether any do.
    expect(loads.maxConcurrent).toBeGreaterThanOrEqual(2)
    expect(loads.stampedes).toBeGreaterThanOrEqual(1)
    expect(loads.stampedeLoads).toBeGreaterThanOrEqual(loads.maxConcurrent)
    expect(loads.loads).toBeGreaterThan(loads.stampedeLoads)
    // There is no such author, and that is not remembered; the last request may not have ended yet.
    expect(loads.unfilled).toBeGreaterThanOrEqual(1)
  })

  test('a key that is read often is hot, and what changes it is counted', async () => {
    const often = Array.from({ length: 10 }, () => '/product/7')
    const { evidence } = await observe(fixture(driver), ['/product/7', ...often])
    expect(evidence.traces.cache!.keys[0]!.hot).toMatchObject([
      { reads: 11, hits: 10, sets: 1, valueChanges: 0, valueBytes: 33 },
    ])
  })
})

describe.each([
  ['ioredis', undefined],
  ['ioredis', 'probe-caches-old'],
  ['redis', undefined],
  ['redis', 'probe-caches-old'],
])('with %s of %s', (driver, driversFrom) => {
  test('pipelines, transactions, failures and callbacks are seen, and nothing of them changes', async () => {
    const service = fixture(driver, driversFrom)
    const first = ['/product/1', '/product/2']
    const { evidence, answers, warnings } = await observe(service, [...first, ...forms])
    expect(warnings).toEqual([])
    const calls = [...first, ...forms].map(path => ({ method: 'GET', path }))
    const unwatched = await seenFromOutside(file, calls, { ...service.env, DATABASE_URL: databaseUrl })
    expect(answers).toEqual(unwatched.answers.map(answer => answer.split('\n').at(-1)))
    expect(answers.at(-1)).toBe('1')
    const uses = evidence.traces.cache!.uses
    const used = (command: string, keyTemplate: string) =>
      uses.filter(use => use.command === command && use.keyTemplate === keyTemplate)
    expect(used('MGET', 'product:{n}')).toMatchObject([{ calls: 1, hits: 2, misses: 1 }])
    expect(used('GET', 'a:{n}')).toMatchObject([{ calls: 1, hits: 1 }])
    expect(used('GET', 'b:{n}')).toMatchObject([{ calls: 1, misses: 1 }])
    // What MULTI answers comes with EXEC, and is nobody's hit.
    expect(used('GET', 'c:{n}')).toMatchObject([{ calls: 1, hits: 0, misses: 0, errors: 0 }])
    expect(used('LPUSH', 'product:{n}').map(({ route, errors }) => [route, errors])).toEqual([
      ['GET /failing', 1],
      ['GET /unawaited', 1],
    ])
    expect(used('GET', 'product:{n}').find(({ route }) => route === 'GET /callback')).toMatchObject({ hits: 1 })
  })
})

test('the same clients are seen from CommonJS', async () => {
  for (const [client, path] of [
    ['ioredis', '/product/7'],
    ['redis', '/product/8'],
  ] as const) {
    const { evidence } = await observe({ ...fixture(client), commonJs: true }, [path, path])
    expect(evidence.traces.cache!.uses.map(({ command, calls }) => [command, calls])).toEqual([
      ['GET', 2],
      ['SET', 1],
    ])
  }
})

test('commands that wait for a connection are told, and fail as they would', async () => {
  const running = await runFixture(fixture('ioredis'))
  try {
    await running.ask('/product/7')
    await redis.stop()
    // The client has to notice first; until then a command goes nowhere, and its time runs out.
    await expect
      .poll(
        async () => {
          expect(await running.ask('/failing')).toMatch(/timed out|closed|retries/i)
          await running.receiver.flush()
          return running.receiver.evidence().traces.cache!.servers[0]!.queuedOffline
        },
        { timeout: 30_000 },
      )
      .toBeGreaterThan(0)
    const { cache } = running.receiver.evidence().traces
    const failing = cache!.uses.find(({ command }) => command === 'LPUSH')!
    expect(failing.errors).toBe(failing.calls)
  } finally {
    await running.stop()
  }
})

test('Memcached is seen through memjs', async () => {
  const memcached = available(await startMemcached())
  try {
    const env = { CLIENT: 'memjs', CACHE_URL: `127.0.0.1:${memcached.port}` }
    const { evidence, answers } = await observe({ file, databaseUrl, env }, [
      '/product/7',
      '/product/7',
      '/rename/7',
      '/product/7',
      '/callback',
    ])
    expect(answers.at(-1)).toBe('null')
    const { uses, keys, servers } = evidence.traces.cache!
    expect(uses.map(({ driver, command, calls, hits, misses }) => ({ driver, command, calls, hits, misses }))).toEqual(
      expect.arrayContaining([
        { driver: 'memjs', command: 'GET', calls: 3, hits: 1, misses: 2 },
        { driver: 'memjs', command: 'SET', calls: 2, hits: 0, misses: 0 },
        { driver: 'memjs', command: 'DEL', calls: 1, hits: 0, misses: 0 },
      ]),
    )
    expect(keys).toMatchObject([{ keyTemplate: 'product:{n}', ttls: [{ ttlMs: 60_000, sets: 2 }] }])
    expect(servers).toMatchObject([{ driver: 'memjs', port: memcached.port }])
  } finally {
    await memcached.stop()
  }
})

test('what a cache of the library in the memory of the service tells is counted by its name', async () => {
  const { evidence } = await observe(
    { file: 'probe-caches/library.mjs', nodeArguments: ['--conditions=@whetstone/source', '--import', 'tsx'] },
    ['/7', '/7', '/8', '/7', '/broken'],
  )
  expect(evidence.counters.caches).toMatchObject([
    { name: 'prices', hit: 2, miss: 3, coalesced: 0, loads: 3, failedLoads: 1, stale: 0, evicted: 0 },
  ])
})
