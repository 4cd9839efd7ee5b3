import type { StatementReads } from '@whetstone/model'
import { seededRandom } from '@whetstone/stats'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { hitCurve, simulateCache, topFifthFraction } from './cache-simulation.ts'

/** One read every 100 ms. */
const readsOf = (keys: readonly number[], keyFraction = 1): StatementReads => ({
  statementId: 'q',
  keyFraction,
  keys,
  atMs: keys.map((_, at) => at * 100),
})
const hitsOf = (keys: readonly number[], entries: number, ttlMs = Infinity) =>
  simulateCache(readsOf(keys), { entries, ttlMs }).hits

describe('a simulated cache', () => {
  it('misses each key once when it holds them all', () => {
    expect(hitsOf([1, 2, 1, 3, 2, 1], Infinity)).toBe(3)
  })

  it('forgets what was used least recently', () => {
    // 3 drives 2 out, for 1 was read again; then 2 misses and drives 1 out.
    expect(hitsOf([1, 2, 1, 3, 2, 3], 2)).toBe(2)
    // A loop one key longer than the cache never hits.
    expect(hitsOf([1, 2, 3, 1, 2, 3, 1, 2, 3], 2)).toBe(0)
  })

  it('loads again what is older than its time to live, counted from the load and not from the use', () => {
    expect(hitsOf([1, 1, 1, 1, 1], Infinity, 250)).toBe(3)
    expect(hitsOf([1, 1, 1], Infinity, 100)).toBe(0)
  })

  it('holds of a quarter of the keys a quarter of its entries', () => {
    const quarter = readsOf([1, 2, 1, 2], 0.25)
    expect(simulateCache(quarter, { entries: 8, ttlMs: Infinity }).hits).toBe(2)
    expect(simulateCache(quarter, { entries: 4, ttlMs: Infinity }).hits).toBe(0)
  })

  it('says of a sample of the keys what it says of all', () => {
    const random = seededRandom(3)
    // Zipf by inversion of a continuous bound: few keys are read often, and none of them outweighs the rest.
    const keys = Array.from({ length: 60_000 }, () => Math.floor(5_000 * random() ** 2))
    const sample = keys.filter(key => key % 4 === 1)
    for (const entries of [200, 1_000, 4_000]) {
      const whole = simulateCache(readsOf(keys), { entries, ttlMs: Infinity }).hitFraction
      const sampled = simulateCache(readsOf(sample, 0.25), { entries, ttlMs: Infinity }).hitFraction
      expect(Math.abs(whole - sampled)).toBeLessThan(0.05)
    }
  })

  it('has no hits without reads', () => {
    expect(simulateCache(readsOf([]), { entries: 10, ttlMs: 1 })).toEqual({ reads: 0, hits: 0, hitFraction: 0 })
  })

  it('never answers less when it is larger', () => {
    fc.assert(
      fc.property(fc.array(fc.nat(9), { maxLength: 60 }), fc.integer({ min: 1, max: 9 }), (keys, entries) => {
        expect(hitsOf(keys, entries + 1)).toBeGreaterThanOrEqual(hitsOf(keys, entries))
      }),
    )
  })
})

it('tells the filled cache from the one that fills', () => {
  const [point] = hitCurve(readsOf([1, 2, 3, 4, 1, 2, 3, 4]), [4], Infinity)
  expect(point).toMatchObject({ entries: 4, coldHitFraction: 0.5, hitFraction: 1 })
})

it('tells keys that are read alike from keys of which a few are read most', () => {
  expect(topFifthFraction(readsOf([1, 2, 3, 4, 5, 1, 2, 3, 4, 5]))).toBe(0.2)
  expect(topFifthFraction(readsOf([1, 1, 1, 1, 1, 1, 2, 3, 4, 5]))).toBe(0.6)
})
