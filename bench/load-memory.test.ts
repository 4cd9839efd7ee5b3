/** The benchmark of memory runs and its merge is exact; how much memory is read in docs/benchmarks.md, not asserted here. */
import { expect, it } from 'vitest'
import { bench } from './load-memory.ts'

it('prints the growth, and merges what four workers saw without loss', { timeout: 180_000 }, async () => {
  const { figures } = await bench.run({ quick: true, log: () => {} })
  expect(figures.mergeExact).toBe(true)
  expect(figures.rssGrowth).toBeGreaterThan(0)
  expect(figures.due).toBe(figures.completed)
})
