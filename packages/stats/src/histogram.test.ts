import { describe, expect, it } from 'vitest'
import { Histogram } from './histogram.ts'
import { normal, seededRandom } from './random.ts'
import { plainQuantile } from './reference/plain-quantile.ts'

const QUANTILES = [0, 0.001, 0.07, 0.25, 0.5, 0.9, 0.95, 0.99, 0.999, 1]

function latencies(seed: number, count: number): number[] {
  const random = seededRandom(seed)
  return Array.from({ length: count }, () => Math.round(Math.exp(9 + 2 * normal(random))))
}

function filled(values: readonly number[]): Histogram {
  const histogram = new Histogram()
  for (const value of values) histogram.record(value)
  return histogram
}

describe('histogram', () => {
  it('answers every quantile within 0.1 % of the sorted list', () => {
    for (const seed of [1, 2, 3]) {
      const values = latencies(seed, 5_000)
      const histogram = filled(values)
      for (const q of QUANTILES) {
        const truth = plainQuantile(values, q)
        expect(Math.abs(histogram.quantile(q) - truth), `q=${q}`).toBeLessThanOrEqual(truth * 0.001)
      }
    }
  })

  it('keeps every value from 0 to 2^53 - 1 within 0.1 %', () => {
    const edges = Array.from({ length: 53 }, (_, power) => [2 ** power - 1, 2 ** power, 2 ** power + 1]).flat()
    for (const value of [...edges, 1023, 1024, 1025, 2047, 1e6, 123_456_789, 2 ** 53 - 1]) {
      const histogram = filled([0, value, Number.MAX_SAFE_INTEGER])
      expect(Math.abs(histogram.quantile(0.5) - value), `value=${value}`).toBeLessThanOrEqual(value * 0.001)
    }
  })

  it('puts rising values in rising, adjoining buckets', () => {
    const values = Array.from({ length: 6_000 }, (_, at) => at)
    const buckets = [...filled(values).buckets()]
    let next = 0
    for (const { low, high, count } of buckets) {
      expect(low).toBe(next)
      next = high + 1
      if (high < 6_000) expect(count).toBe(high - low + 1)
    }
  })

  it('keeps values below 1,024 exactly', () => {
    const values = Array.from({ length: 1_024 }, (_, value) => value)
    const histogram = filled(values)
    for (const q of QUANTILES) expect(histogram.quantile(q)).toBe(plainQuantile(values, q))
  })

  it('knows count, smallest, largest, sum and mean exactly', () => {
    const histogram = filled([5_000_001, 7, 1_234_567])
    expect(histogram).toMatchObject({ count: 3, min: 7, max: 5_000_001, sum: 6_234_575, mean: 6_234_575 / 3 })
  })

  it('says NaN for the quantile, mean and ends of nothing', () => {
    const empty = new Histogram()
    expect([empty.quantile(0.5), empty.mean, empty.min, empty.max]).toEqual([NaN, NaN, NaN, NaN])
    expect(empty.countAbove(0)).toBe(0)
    expect([...empty.buckets()]).toEqual([])
  })

  it('merges to exactly what one histogram of all values would hold', () => {
    const slow = latencies(4, 2_000).map(value => value * 5_000)
    const fast = latencies(5, 3_000)
    const merged = filled(fast)
    merged.merge(filled(slow))
    merged.merge(new Histogram())
    expect(merged.toJSON()).toEqual(filled([...fast, ...slow]).toJSON())
  })

  it('records a value many times at once', () => {
    const histogram = new Histogram()
    histogram.record(3_000, 4)
    histogram.record(9, 0)
    expect(histogram.toJSON()).toEqual(filled([3_000, 3_000, 3_000, 3_000]).toJSON())
  })

  it('counts what lies above a threshold', () => {
    const values = latencies(6, 4_000)
    const histogram = filled(values)
    for (const threshold of [-1, 0, 50, 800.5, 8_103, 50_000, Infinity]) {
      const above = histogram.countAbove(threshold)
      expect(above).toBeLessThanOrEqual(values.filter(value => value > threshold).length)
      expect(above).toBeGreaterThanOrEqual(values.filter(value => value > threshold * 1.002).length)
    }
  })

  it('comes back from JSON unchanged', () => {
    const histogram = filled(latencies(7, 1_000))
    const again = Histogram.fromJSON(JSON.parse(JSON.stringify(histogram)))
    expect(again.toJSON()).toEqual(histogram.toJSON())
    expect(Histogram.fromJSON(new Histogram().toJSON()).count).toBe(0)
  })

  it('refuses JSON that contradicts itself', () => {
    const json = filled([5, 6]).toJSON()
    expect(() => Histogram.fromJSON({ ...json, schema: 'other@1' as 'log-linear@1' })).toThrow('schema other@1')
    expect(() => Histogram.fromJSON({ ...json, count: 3 })).toThrow('its buckets hold 2')
    expect(() => Histogram.fromJSON({ ...json, buckets: [[-1, 2]] })).toThrow('no bucket -1')
    expect(() => Histogram.fromJSON({ ...json, buckets: [[1e9, 2]] })).toThrow('no bucket')
    expect(() => Histogram.fromJSON({ ...json, max: 900 })).toThrow('outer buckets')
  })

  it('refuses values it cannot hold', () => {
    const histogram = new Histogram()
    for (const value of [-1, NaN, Infinity, 2 ** 53]) expect(() => histogram.record(value)).toThrow(RangeError)
    expect(() => histogram.record(1, 0.5)).toThrow(RangeError)
    expect(() => histogram.quantile(1.1)).toThrow(RangeError)
  })

  it('forgets everything on reset', () => {
    const histogram = filled([1, 2_000_000])
    histogram.reset()
    expect(histogram.toJSON()).toEqual(new Histogram().toJSON())
  })
})
