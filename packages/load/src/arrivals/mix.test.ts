/** The mix: weights are kept, and a choice depends on the arrival's number alone. */
import type { PlannedRoute } from '@whetstone/model'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { drawOf, requestMix, weightedMix } from './mix.ts'

const take = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, () => next())

const route = (name: string, weight: number, requests: number): PlannedRoute => ({
  route: name,
  weight,
  requests: Array.from({ length: requests }, (_, index) => ({ method: 'GET', path: `/${index}`, headers: {} })),
})

describe('requestMix', () => {
  it('draws routes by weight and every request of a route evenly', () => {
    const choices = take(20_000, requestMix([route('a', 3, 4), route('b', 1, 2)], 5))
    const counts = new Map<string, number>()
    for (const { routeIndex, requestIndex } of choices) {
      const name = `${routeIndex}.${requestIndex}`
      counts.set(name, (counts.get(name) ?? 0) + 1)
    }
    const expected = { '0.0': 3750, '0.1': 3750, '0.2': 3750, '0.3': 3750, '1.0': 2500, '1.1': 2500 }
    expect(new Set(counts.keys())).toEqual(new Set(Object.keys(expected)))
    const chiSquare = Object.entries(expected).reduce((sum, [name, count]) => {
      return sum + (counts.get(name)! - count) ** 2 / count
    }, 0)
    // 99.9 % point of chi-square with five degrees of freedom.
    expect(chiSquare).toBeLessThan(20.5)
  })

  it('never draws a route of weight 0 or without requests', () => {
    const choices = take(1000, requestMix([route('a', 0, 1), route('b', 5, 0), route('c', 1, 1), route('d', 0, 1)], 5))
    expect(choices.every(({ routeIndex }) => routeIndex === 2)).toBe(true)
  })

  it('gives an arrival the same request whoever sends it', () => {
    const routes = [route('a', 3, 4), route('b', 1, 2), route('c', 0.5, 1)]
    fc.assert(
      fc.property(fc.integer(), fc.integer({ min: 1, max: 9 }), (seed, of) => {
        const workers = Array.from({ length: of }, (_, index) => requestMix(routes, seed, { index, of }))
        const whole = requestMix(routes, seed)
        for (let arrival = 0; arrival < 100; arrival++) expect(workers[arrival % of]!()).toEqual(whole())
      }),
      { numRuns: 100 },
    )
  })
})

describe('weightedMix', () => {
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
