import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { climbOrm } from './climb.ts'
import { rungs, type Rung } from './rungs.ts'

let postgres: PostgresServer
beforeAll(async () => {
  postgres = await startPostgres({ database: 'orm' })
})
afterAll(() => postgres.stop())

async function climbOf(database: string, some: readonly Rung[]) {
  return climbOrm({
    databaseUrl: await postgres.createDatabase(database),
    rungs: some,
    // Each customer has five orders of three lines.
    amounts: { orders: 2_000, customers: 400, products: 40 },
    load: { ratePerSecond: 10, warmUpMs: 0, durationMs: 500, seed: 1 },
  })
}

describe('the ladder of an ORM', () => {
  it('gives the same answers on every rung, with as many queries as its loading needs', async () => {
    const climbed = await climbOf('climbed', rungs)
    expect(climbed.map(({ label }) => label)).toEqual(rungs.map(({ label }) => label))
    expect(climbed.map(({ statements }) => statements!.map(({ calls }) => calls))).toEqual([
      // The orders, the lines of each order, the product of each line.
      [1, 5, 15],
      [1],
      [1, 1, 1],
      [1, 1, 1],
    ])
    // Of the compared customers one has no orders and so needs one query only.
    const [lazy, eager, batching] = climbed.map(({ queriesPerRequest }) => queriesPerRequest!)
    expect(lazy).toBeGreaterThan(10)
    expect(lazy).toBeLessThanOrEqual(21)
    expect(eager).toBe(1)
    expect(batching).toBeLessThanOrEqual(3)
  })

  it('shows the plan of each statement, which the indexes change', async () => {
    const [batching, indexes] = await climbOf('planned', rungs.slice(-2))
    const plansOf = (rung: typeof batching) => rung!.statements!.map(({ plan }) => plan)
    for (const plan of [...plansOf(batching), ...plansOf(indexes)])
      expect(plan).toMatch(/actual time[^]*Buffers: shared/)
    expect(plansOf(batching)[1]).toContain('Seq Scan on order_lines')
    expect(plansOf(indexes)[0]).toContain('orders_latest')
    expect(plansOf(indexes)[1]).toContain('order_lines_order')
  })

  it('stops at a rung that changes an answer', async () => {
    const wrong: Rung = { ...rungs[0]!, label: 'fewer lines', sql: ['DELETE FROM order_lines WHERE order_id = 400'] }
    await expect(climbOf('changed', [rungs[0]!, wrong])).rejects.toThrow("the rung 'fewer lines' changed an answer")
  })
})
