/** The benchmark of the stampede runs; what it says of ours is asserted where it is a count, and read in docs/benchmarks.md where it is a time. */
import { expect, it } from 'vitest'
import { bench } from './stampede.ts'

it('loads one expired key once for all callers of all processes', { timeout: 400_000 }, async () => {
  const { figures } = await bench.run({ quick: true, log: () => {} })
  expect(figures).toMatchObject({
    oursLoads: 1,
    oursLoadsWhenFailing: 1,
    oursLoadsAfterFailure: 1,
    oursLoadsWhenKilled: 2,
  })
  expect(figures['oursExpiredP99Ms']).toBeGreaterThan(0)
  expect(figures['bentocacheLoads']).toBeGreaterThan(0)
})
