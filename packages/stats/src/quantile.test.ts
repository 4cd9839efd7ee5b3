import { describe, expect, it } from 'vitest'
import { Histogram } from './histogram.ts'
import { histogramQuantileInterval, median, quantile, quantileInterval } from './quantile.ts'
import { exponential, seededRandom } from './random.ts'
import { plainBinomialCdf } from './reference/plain-binomial.ts'
import { plainQuantile } from './reference/plain-quantile.ts'

function rising(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1)
}

describe('quantile', () => {
  it('takes the value of rank ceil(q × n)', () => {
    const random = seededRandom(1)
    for (const count of [1, 2, 3, 10, 100, 101]) {
      const values = Array.from({ length: count }, () => exponential(random))
      for (const q of [0, 0.05, 0.07, 0.5, 0.9, 0.95, 0.99, 1]) {
        expect(quantile(values, q)).toBe(plainQuantile(values, q))
      }
    }
    expect(quantile([], 0.5)).toBeNaN()
  })

  it('has a median in the middle', () => {
    expect(median([3, 1, 2])).toBe(2)
    expect(median([4, 1, 2, 3])).toBe(2.5)
    expect(median([])).toBeNaN()
  })
})

describe('quantile interval', () => {
  it('takes the ranks whose binomial probability reaches the confidence', () => {
    // Median of 20: the 6th and 15th value, covering 95.9 % (Conover, table A3).
    const { estimate, low, high, coverage } = quantileInterval(rising(20), 0.5)
    expect([estimate, low, high]).toEqual([10, 6, 15])
    expect(coverage).toBeCloseTo(plainBinomialCdf(14, 20, 0.5) - plainBinomialCdf(5, 20, 0.5), 12)
    expect(coverage).toBeGreaterThan(0.95)
  })

  it('covers the true quantile as often as it says', () => {
    const random = seededRandom(2)
    const truth = -Math.log(1 - 0.9)
    let covered = 0
    for (let trial = 0; trial < 1_000; trial++) {
      const values = Array.from({ length: 120 }, () => exponential(random))
      const { low, high } = quantileInterval(values, 0.9)
      if (low <= truth && truth <= high) covered++
    }
    expect(covered).toBeGreaterThan(935)
  })

  it('says that ten values cannot bound a p99', () => {
    const { low, high, coverage } = quantileInterval(rising(10), 0.99)
    expect([low, high]).toEqual([9, 10])
    expect(coverage).toBeLessThan(0.1)
  })

  it('is the same from a histogram, within its 0.1 %', () => {
    const random = seededRandom(3)
    const values = Array.from({ length: 20_000 }, () => Math.round(40_000 * exponential(random)))
    const histogram = new Histogram()
    for (const value of values) histogram.record(value)
    for (const q of [0.5, 0.95, 0.999]) {
      const plain = quantileInterval(values, q)
      const fast = histogramQuantileInterval(histogram, q)
      expect(fast.coverage).toBe(plain.coverage)
      for (const end of ['estimate', 'low', 'high'] as const) {
        expect(Math.abs(fast[end] - plain[end])).toBeLessThanOrEqual(plain[end] * 0.001)
      }
    }
  })

  it('knows nothing of an empty sample', () => {
    expect(histogramQuantileInterval(new Histogram(), 0.5)).toEqual({ estimate: NaN, low: NaN, high: NaN, coverage: 0 })
  })
})
