import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { mannKendall } from './mann-kendall.ts'
import { normal, seededRandom, shuffled } from './random.ts'
import { plainPRising, plainS } from './reference/plain-trend.ts'

describe('Mann-Kendall trend test', () => {
  it('gives the example worked by hand: of 1 3 2 4 five pairs rise and one falls, as in 4 of 24 orders or better', () => {
    expect(mannKendall([1, 3, 2, 4])).toEqual({
      s: 4,
      tau: 4 / 6,
      pRising: expect.closeTo(4 / 24, 12),
      pFalling: expect.closeTo(23 / 24, 12),
      method: 'exact',
    })
  })

  it('counts what trying every order counts, ties and all', () => {
    fc.assert(
      fc.property(fc.array(fc.integer({ min: -3, max: 3 }), { minLength: 1, maxLength: 7 }), values => {
        const { s, pRising, pFalling } = mannKendall(values)
        expect(s).toBe(plainS(values))
        expect(pRising).toBeCloseTo(plainPRising(values), 10)
        expect(pFalling).toBeCloseTo(plainPRising(values.map(value => -value)), 10)
      }),
      { numRuns: 200 },
    )
  })

  it('changes little where counting gives way to the normal distribution', () => {
    const random = seededRandom(5)
    for (let tried = 0; tried < 20; tried++) {
      const trend = tried / 500
      const values = Array.from({ length: 51 }, (_, at) => Math.round(4 * (normal(random) + trend * at)))
      const long = mannKendall(values)
      const short = mannKendall(values.slice(0, 50))
      const next = mannKendall(values.slice(1))
      expect([long.method, short.method]).toEqual(['normal', 'exact'])
      expect(long.pRising).toBeGreaterThan(Math.min(short.pRising, next.pRising) / 3)
      expect(long.pRising).toBeLessThan(Math.max(short.pRising, next.pRising) * 3)
    }
  })

  it.each([12, 80])('finds a trend by chance in one of twenty series of %i values', length => {
    const random = seededRandom(6)
    const values = Array.from({ length }, (_, at) => Math.floor(at / 3))
    const found = Array.from({ length: 2_000 }, () => mannKendall(shuffled(values, random)).pRising).filter(
      p => p < 0.05,
    )
    // 100 expected at most, with a standard deviation of 10.
    expect(found.length).toBeGreaterThan(50)
    expect(found.length).toBeLessThan(135)
  })

  it('has no direction to tell when nothing ever changes', () => {
    expect(mannKendall([5, 5, 5])).toMatchObject({ s: 0, tau: NaN, pRising: 1, pFalling: 1 })
    expect(mannKendall(Array.from({ length: 60 }, () => 5))).toMatchObject({ s: 0, pRising: 1, pFalling: 1 })
    expect(mannKendall([0, -0]).s).toBe(0)
  })

  it('refuses what it cannot count', () => {
    expect(() => mannKendall([])).toThrow('not 0')
    expect(() => mannKendall([1, NaN])).toThrow('finite')
    expect(() => mannKendall(Array.from({ length: 2_001 }, () => 1))).toThrow('not 2001')
  })
})
