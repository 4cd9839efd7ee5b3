/** The benchmark of the bus runs; what may never happen is asserted, what takes time is read in docs/benchmarks.md. */
import { expect, it } from 'vitest'
import { bench } from './cache-bus.ts'

it('loses no invalidation and fails no caller while Redis is away', { timeout: 400_000 }, async () => {
  const { figures } = await bench.run({ quick: true, log: () => {} })
  for (const name of ['paused', 'cut', 'killed'])
    expect(figures).toMatchObject({ [`${name}Errors`]: 0, [`${name}Lost`]: 0 })
  expect(figures.stalenessP99Ms).toBeGreaterThan(0)
})
