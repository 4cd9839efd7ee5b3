import { describe, expect, it } from 'vitest'
import { normal, seededRandom } from './random.ts'
import { plainSlopeInterval } from './reference/plain-trend.ts'
import { theilSen, type Point } from './theil-sen.ts'

const points = (values: readonly number[]): Point[] => values.map((y, x) => ({ x, y }))

describe('Theil-Sen slope', () => {
  it('is the middle slope, worked by hand: 1 3 2 4 has the slopes -1 1/2 1/2 1 2 2', () => {
    expect(theilSen(points([1, 3, 2, 4]))).toMatchObject({ estimate: 0.75, low: -1, high: 2 })
  })

  it('is not moved by one wild point in seven', () => {
    expect(theilSen(points([0, 2, 4, 6, 8, 10, 9_000])).estimate).toBe(2)
  })

  it('counts time as it passed, not the points', () => {
    expect(theilSen([0, 1, 10, 30].map(x => ({ x, y: 5 - 3 * x }))).estimate).toBeCloseTo(-3, 12)
  })

  it('has the interval of all slopes that leave no trend', () => {
    const random = seededRandom(8)
    const grid = Array.from({ length: 121 }, (_, at) => -3 + at / 20)
    for (let tried = 0; tried < 2; tried++) {
      const values = Array.from({ length: 6 }, (_, at) => normal(random) + 0.5 * at)
      const { low, high } = theilSen(points(values), 0.9)
      const [plainLow, plainHigh] = plainSlopeInterval(values, 0.9, grid)
      expect(Math.abs(low - plainLow)).toBeLessThanOrEqual(0.051)
      expect(Math.abs(high - plainHigh)).toBeLessThanOrEqual(0.051)
    }
  })

  it.each([10, 60])('covers the truth as often as it says, over %i points', count => {
    const random = seededRandom(9)
    let covered = 0
    for (let tried = 0; tried < 1_000; tried++) {
      const { low, high } = theilSen(points(Array.from({ length: count }, (_, at) => normal(random) + 0.2 * at)))
      if (low <= 0.2 && 0.2 <= high) covered++
    }
    // 950 at least, with a standard deviation of 7.
    expect(covered).toBeGreaterThan(925)
    expect(covered).toBeLessThan(985)
  })

  it('says when the points are too few for the confidence asked for', () => {
    expect(theilSen(points([1, 2, 3])).coverage).toBeCloseTo(1 - 2 / 6, 12)
    expect(theilSen(points([1, 2, 3, 4, 5])).coverage).toBeGreaterThanOrEqual(0.95)
  })

  it('refuses two points at one time, and a single one', () => {
    expect(() => theilSen([{ x: 1, y: 1 }])).toThrow('not 1')
    expect(() =>
      theilSen([
        { x: 1, y: 1 },
        { x: 1, y: 2 },
      ]),
    ).toThrow('same x')
  })
})
