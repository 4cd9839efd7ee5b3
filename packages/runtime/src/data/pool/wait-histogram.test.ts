import fc from 'fast-check'
import { expect, it } from 'vitest'
import { WaitHistogram } from './wait-histogram.ts'

const waits = fc.array(fc.double({ min: 0.001, max: 100_000, noNaN: true }), { minLength: 1, maxLength: 200 })
const fraction = fc.double({ min: 0.01, max: 1, noNaN: true })

function filled(values: readonly number[]): WaitHistogram {
  const histogram = new WaitHistogram()
  for (const value of values) histogram.add(value)
  return histogram
}

it('every quantile is within nine percent of the exact one, those who did not wait counted', () => {
  fc.assert(
    fc.property(waits, fc.nat(300), fraction, (values, unhindered, at) => {
      const all = [...Array.from({ length: unhindered }, () => 0), ...values].toSorted((a, b) => a - b)
      const exact = all[Math.ceil(at * all.length) - 1]!
      const told = filled(values).quantile(at, all.length)
      if (exact === 0) expect(told).toBe(0)
      else expect(Math.abs(told / exact - 1)).toBeLessThan(0.0906)
    }),
  )
})

it('two merged are as one that saw everything', () => {
  fc.assert(
    fc.property(waits, waits, fraction, (one, other, at) => {
      const merged = filled(one).mergedWith(filled(other))
      const whole = filled([...one, ...other])
      expect([merged.count, merged.longestMs, merged.quantile(at)]).toEqual([
        whole.count,
        whole.longestMs,
        whole.quantile(at),
      ])
    }),
  )
})

it('has nothing to say about nothing, and bounds what is out of bounds', () => {
  expect(new WaitHistogram().quantile(0.99)).toBe(0)
  expect(filled([0, 1e12]).quantile(1)).toBeGreaterThan(100_000)
})
