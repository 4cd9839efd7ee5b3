/** The mix: weights are kept, and a choice depends on the arrival's number alone. */
import { describe, expect, it } from 'vitest'
import { drawOf, weightedMix } from './mix.ts'

describe('weightedMix', () => {
  it('keeps the weights, and never draws one of 0', () => {
    const mix = weightedMix([0, 3, 1, 0], 5)
    const counts = [0, 0, 0, 0]
    for (let arrival = 0; arrival < 20_000; arrival++) counts[mix(arrival)]! += 1
    expect([counts[0], counts[3]]).toEqual([0, 0])
    // Four standard deviations of a binomial.
    expect(Math.abs(counts[1]! - 15_000)).toBeLessThan(4 * Math.sqrt(20_000 * 0.75 * 0.25))
  })

  it('is a function of the arrival, in any order', () => {
    const mix = weightedMix([1, 2, 3], 9)
    const forwards = Array.from({ length: 50 }, (_, arrival) => mix(arrival))
    const backwards = Array.from({ length: 50 }, (_, at) => mix(49 - at))
    expect(backwards.toReversed()).toEqual(forwards)
    expect(new Set(forwards)).toEqual(new Set([0, 1, 2]))
  })
})

describe('drawOf', () => {
  it('is even over a hundred bins, and so are its pairs of neighbours', () => {
    for (const seed of [0, 1, -5, 123_456_789]) {
      const single = Array.from({ length: 100 }, () => 0)
      const pairs = Array.from({ length: 100 }, () => 0)
      for (let arrival = 0; arrival < 100_000; arrival++) {
        const drawn = drawOf(seed, arrival)
        single[Math.floor(drawn * 100)]! += 1
        pairs[Math.floor(drawn * 10) * 10 + Math.floor(drawOf(seed, arrival + 1) * 10)]! += 1
      }
      // 99.99 % point of chi-square with 99 degrees of freedom.
      for (const bins of [single, pairs]) {
        expect(bins.reduce((sum, count) => sum + (count - 1000) ** 2 / 1000, 0)).toBeLessThan(161)
      }
    }
  })
})
