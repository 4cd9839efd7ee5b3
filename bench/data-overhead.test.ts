/** The benchmark of the data layer runs; what it costs is read in docs/benchmarks.md, not asserted here. */
import { expect, it } from 'vitest'
import { bench } from './data-overhead.ts'

it('prints what each part of the data layer costs', { timeout: 400_000 }, async () => {
  const { figures } = await bench.run({ quick: true, log: () => {} })
  expect(figures['poolOfPg']).toBeGreaterThan(0)
  expect(figures['batchedOfDataLoader']).toBeGreaterThan(0)
  expect(Object.values(figures).every(Number.isFinite)).toBe(true)
})
