/** The benchmarks of the cache run; what they say is read in docs/benchmarks.md, only what is exact is asserted here. */
import { expect, it } from 'vitest'
import { bench as cache } from './cache.ts'
import { bench as hitRatio } from './cache-hit-ratio.ts'

it('prints what a hit costs and an entry weighs, beside other caches', { timeout: 400_000 }, async () => {
  const { figures } = await cache.run({ quick: true, log: () => {} })
  const numbers = Object.values(figures).filter(value => typeof value === 'number')
  expect(numbers.length).toBeGreaterThan(10)
  expect(numbers.every(value => Number.isFinite(value) && value > 0)).toBe(true)
})

it('keeps ahead of LRU on the recorded requests', { timeout: 400_000 }, async () => {
  const { figures } = await hitRatio.run({ quick: true, log: () => {} })
  expect(figures.worstPointsToLru).toBeGreaterThanOrEqual(-0.7)
  expect(figures.medianPointsToLru).toBeGreaterThanOrEqual(1.5)
  expect(String(figures.bars)).toMatch(/^pass/)
})
