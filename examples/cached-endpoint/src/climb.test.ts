import { available, type PostgresServer, type RedisServer, startPostgres, startRedis } from '@whetstone/sandbox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { climbReports } from './climb.ts'
import { expireUnderLoad } from './expiry.ts'
import { rungs } from './rungs.ts'

let postgres: PostgresServer
let redis: RedisServer
beforeAll(async () => {
  postgres = await startPostgres({ database: 'reports' })
  redis = available(await startRedis())
})
afterAll(async () => {
  await postgres.stop()
  await redis.stop()
})

describe('the cached endpoint', () => {
  it('gives the same answers by either cache, and asks the database less', async () => {
    const hits: number[] = []
    const climbed = await climbReports({
      databaseUrl: await postgres.createDatabase('climbed'),
      redisUrl: redis.url,
      rungs,
      amounts: { orders: 2_000, days: 10 },
      ttlMs: 60_000,
      load: { ratePerSecond: 40, warmUpMs: 0, durationMs: 1_000, seed: 1 },
      onHits: hitFraction => hits.push(hitFraction),
    })
    const queries = climbed.map(rung => rung.queriesPerRequest!)
    expect(queries[0]).toBe(1)
    expect(Math.max(...queries.slice(1))).toBeLessThan(1)
    expect(hits[0]).toBe(0)
    expect(Math.min(...hits.slice(1))).toBeGreaterThan(0)
    expect(Math.max(...hits)).toBeLessThan(1)
  })

  it('asks the database once for all when a popular answer ends, and as often as there are callers by hand', async () => {
    const databaseUrl = await postgres.createDatabase('expired')
    await climbReports({
      databaseUrl,
      redisUrl: redis.url,
      rungs: [],
      amounts: { orders: 2_000, days: 10 },
      ttlMs: 1,
      load: { ratePerSecond: 1, warmUpMs: 0, durationMs: 1, seed: 1 },
    })
    // Long enough that one burst is over before the next end, on however slow a machine.
    const options = { databaseUrl, redisUrl: redis.url, ttlMs: 2_000, callers: 20, expiries: 1 }
    expect((await expireUnderLoad({ ...options, cache: 'none', ttlMs: 1 })).queriesPerExpiry).toBe(20)
    const runtime = await expireUnderLoad({ ...options, cache: 'runtime' })
    expect(runtime.queriesPerExpiry).toBe(1)
    const byHand = await expireUnderLoad({ ...options, cache: 'by hand' })
    expect(byHand.queriesPerExpiry).toBeGreaterThanOrEqual(runtime.queriesPerExpiry)
  })
})
