/** Commands to Redis, seen inside the service with the two clients that Node services use. */
import { placeText } from '@whetstone/model'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { startPostgres, startRedis } from '@whetstone/sandbox'
import type { PostgresServer, RedisServer } from '@whetstone/sandbox'
import { bookDatabase, lineOf, observe } from './testing/observe-fixture.ts'

let postgres: PostgresServer
let redis: RedisServer
let databaseUrl: string
beforeAll(async () => {
  postgres = await startPostgres()
  databaseUrl = await bookDatabase(postgres)
})
beforeEach(async () => {
  const started = await startRedis()
  if (started.kind !== 'redis') throw new Error('this test needs redis-server')
  redis = started
  return async () => await started.stop()
})
afterAll(async () => await postgres?.stop())

const file = 'probe-caches/products.mjs'
const fixture = (client: string, folder = 'probe-caches') => ({
  file: `${folder}/products.mjs`,
  databaseUrl,
  env: { CLIENT: client, REDIS_URL: redis.url },
})

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
})
