import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { climbOrders } from './climb.ts'
import { rungs, type Rung } from './rungs.ts'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres({ database: 'ladder' })
})
afterAll(() => postgres.stop())

async function climbOf(some: readonly Rung[]) {
  return climbOrders({
    databaseUrl: await postgres.createDatabase(`ladder_${some.length}_${some.at(-1)!.cacheMs ?? 0}`),
    rungs: some,
    amounts: { orders: 2_000, customers: 50 },
    load: { ratePerSecond: 40, warmUpMs: 0, durationMs: 500, seed: 1 },
  })
}

describe('the ladder', () => {
  it('measures each rung, and every rung gives the same answers', async () => {
    const climbed = await climbOf(rungs)
    expect(climbed.map(({ label }) => label)).toEqual(rungs.map(({ label }) => label))
    expect(climbed.filter(({ requests, p50Ms, p99Ms }) => requests === 0 || !(p50Ms > 0 && p99Ms >= p50Ms))).toEqual([])
  })

  it('stops at a rung that changes an answer', async () => {
    const wrong: Rung = { label: 'fewer orders', change: '', sql: ['DELETE FROM orders WHERE customer_id = 1'] }
    await expect(climbOf([rungs[0]!, wrong])).rejects.toThrow("the rung 'fewer orders' changed an answer")
  })
})
