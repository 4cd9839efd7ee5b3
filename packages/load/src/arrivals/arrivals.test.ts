/** Schedules: the rate they keep and the distribution they have. */
import type { PlannedRoute } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { poissonArrivals, uniformArrivals } from './arrivals.ts'
import { requestMix } from './mix.ts'

const take = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, () => next())

describe('uniformArrivals', () => {
  it('spaces requests evenly from the start', () => {
    expect(take(4, uniformArrivals(250))).toEqual([0, 4, 8, 12])
  })

  it('has not drifted after a million requests', () => {
    const next = uniformArrivals(300)
    for (let index = 0; index < 999_999; index++) next()
    expect(next()).toBeCloseTo((999_999 * 1000) / 300, 6)
  })
})

describe('poissonArrivals', () => {
  it('gives the same instants for the same seed and others for another', () => {
    expect(take(50, poissonArrivals(100, 7))).toEqual(take(50, poissonArrivals(100, 7)))
    expect(take(50, poissonArrivals(100, 7))).not.toEqual(take(50, poissonArrivals(100, 8)))
  })

  it('keeps the mean rate, with gaps as scattered as they are long', () => {
    const instants = take(20_000, poissonArrivals(500, 3))
    const gaps = instants.map((at, index) => at - (instants[index - 1] ?? 0))
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
    expect(mean).toBeCloseTo(2, 1)
    expect(deviation / mean).toBeCloseTo(1, 1)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0)
  })
})

describe('requestMix', () => {
  const route = (name: string, weight: number, requests: number): PlannedRoute => ({
    route: name,
    weight,
    requests: Array.from({ length: requests }, (_, index) => ({ method: 'GET', path: `/${index}`, headers: {} })),
  })

  it('draws routes by weight and every request of a route', () => {
    const choices = take(20_000, requestMix([route('a', 3, 4), route('b', 1, 2)], 5))
    expect(choices.filter(({ routeIndex }) => routeIndex === 0).length / 20_000).toBeCloseTo(0.75, 1)
    expect(new Set(choices.map(({ routeIndex, requestIndex }) => `${routeIndex}.${requestIndex}`)).size).toBe(6)
  })

  it('never draws a route of weight 0 or without requests', () => {
    const choices = take(1000, requestMix([route('a', 0, 1), route('b', 5, 0), route('c', 1, 1), route('d', 0, 1)], 5))
    expect(choices.every(({ routeIndex }) => routeIndex === 2)).toBe(true)
  })
})
