import { Histogram } from '@whetstone/stats'
import { describe, expect, it } from 'vitest'
import { diceOf, latencyMs } from '../../test/fixtures/sampling.ts'
import { merged, quantileOf, valueOfBucket } from './histogram.ts'

function recorded(seed: number, count: number): Histogram {
  const dice = diceOf(seed)
  const histogram = new Histogram()
  for (let index = 0; index < count; index++) histogram.record(latencyMs(dice, 40, 300) * 1000)
  return histogram
}

describe('the histogram as the page reads it', () => {
  it('gives the same quantiles as the one that recorded, inside the ends', () => {
    const histogram = recorded(1, 5000)
    for (const q of [0.01, 0.5, 0.9, 0.95, 0.99, 0.999]) {
      expect(quantileOf(histogram.toJSON(), q)).toBe(histogram.quantile(q))
    }
  })

  it('knows each bucket, from single microseconds to hours', () => {
    for (const value of [0, 1, 1023, 1024, 1025, 65_537, 2 ** 31, 4e9, 1e13]) {
      const histogram = new Histogram()
      histogram.record(value)
      const [index] = histogram.toJSON().buckets[0]!
      expect(Math.abs(valueOfBucket(index) - value)).toBeLessThanOrEqual(value / 1000)
    }
  })

  it('merges to what recording all at once would give', () => {
    const [first, second] = [recorded(2, 300), recorded(3, 700)]
    const together = merged([first.toJSON(), second.toJSON()])
    first.merge(second)
    expect(together).toEqual(first.toJSON())
  })

  it('has no quantile when it is empty', () => {
    expect(quantileOf(merged([]), 0.5)).toBeUndefined()
    expect(merged([])).toMatchObject({ count: 0, min: null, max: null })
  })
})
