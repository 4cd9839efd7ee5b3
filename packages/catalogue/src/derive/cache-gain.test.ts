import { describe, expect, it } from 'vitest'
import { p95Gain } from './cache-gain.ts'
import { readRoutes } from './routes.ts'
import { query, times, trace, tracesOf } from './testing/evidence.ts'

const route = 'GET /products/:id'
/** Ten milliseconds of a request of twelve, or of thirty for one in twenty. */
const reading = (slow: number) =>
  readRoutes(
    tracesOf([
      ...times(100 - slow, trace(route, 12, [query('sum', 1, 10)])),
      ...times(slow, trace(route, 30, [query('sum', 1, 10)], { id: 'slow' })),
    ]),
  ).get(route)!

describe('the gain of a cache at the p95', () => {
  it('is that of a hit when more than 95 of 100 requests hit', () => {
    expect(p95Gain(reading(0), 'sum', 0.96)).toEqual({ beforeMs: 12, afterMs: 2, gainFraction: 1 - 2 / 12 })
  })

  it('is nothing when one request in ten misses and all misses take as long', () => {
    expect(p95Gain(reading(0), 'sum', 0.9)).toEqual({ beforeMs: 12, afterMs: 12, gainFraction: 0 })
  })

  it('leaves the p95 to hits that are slow for another reason', () => {
    // Of 100 requests ten are slow: 97 % of them take 20 ms and the rest 30.
    expect(p95Gain(reading(10), 'sum', 0.97)).toEqual({ beforeMs: 30, afterMs: 20, gainFraction: 1 - 20 / 30 })
  })

  it('is nothing for a statement that the route does not run, and without a request', () => {
    expect(p95Gain(reading(0), 'other', 1).gainFraction).toBe(0)
    expect(p95Gain({ ...reading(0), traces: [] }, 'sum', 1)).toEqual({ beforeMs: 0, afterMs: 0, gainFraction: 0 })
  })
})
