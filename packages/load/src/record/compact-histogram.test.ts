/** A histogram at rest is the same histogram. */
import fc from 'fast-check'
import { expect, it } from 'vitest'
import { Histogram } from '@whetstone/stats'
import { compactOf, emptyCompact, mergedCompact, serializedCompact } from './compact-histogram.ts'

const value = fc.oneof(fc.nat(2000), fc.nat(2 ** 30), fc.nat(Number.MAX_SAFE_INTEGER))
const samples = fc.array(fc.tuple(value, fc.oneof(fc.integer({ min: 1, max: 300 }), fc.constant(2 ** 40))), {
  maxLength: 300,
})

function recorded(...lists: readonly (readonly (readonly [number, number])[])[]): Histogram {
  const histogram = new Histogram()
  for (const [one, count] of lists.flat()) histogram.record(one, count)
  return histogram
}

it('comes back as it was saved, and merges as if it had been recorded at once', () => {
  fc.assert(
    fc.property(samples, samples, (some, others) => {
      const left = compactOf(recorded(some))
      const right = compactOf(recorded(others))
      expect(serializedCompact(left)).toEqual(recorded(some).toJSON())
      const { sum, ...merged } = serializedCompact(mergedCompact(left, right))
      const { sum: exactSum, ...expected } = recorded(some, others).toJSON()
      expect(merged).toEqual(expected)
      // Sums beyond 2^53 depend on the order of adding.
      expect(sum / exactSum || 1).toBeCloseTo(1)
      // Neither side was touched.
      expect(serializedCompact(left)).toEqual(recorded(some).toJSON())
    }),
  )
})

it('takes three bytes a bucket where a second of a busy route takes sixteen in memory', () => {
  const second = new Histogram()
  for (let sample = 0; sample < 2000; sample++) second.record(300 + ((sample * 7919) % 1500))
  const { bytes } = compactOf(second)
  expect(bytes.length).toBeLessThan(3 * [...second.buckets()].length)
})

it('merges with nothing', () => {
  const one = compactOf(recorded([[5, 1]]))
  expect(mergedCompact(one, emptyCompact)).toBe(one)
  expect(mergedCompact(emptyCompact, one)).toBe(one)
  expect(serializedCompact(emptyCompact)).toEqual(new Histogram().toJSON())
})
