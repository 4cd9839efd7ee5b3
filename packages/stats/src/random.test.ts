import { describe, expect, it } from 'vitest'
import { exponential, normal, randomInteger, seededRandom, shuffled } from './random.ts'

function draws(count: number, draw: () => number): number[] {
  return Array.from({ length: count }, draw)
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}

describe('seeded random', () => {
  it('repeats itself for a seed and differs between seeds', () => {
    expect(draws(5, seededRandom(1))).toEqual(draws(5, seededRandom(1)))
    expect(draws(5, seededRandom(1))).not.toEqual(draws(5, seededRandom(2)))
  })

  it('is even over ten equal bins', () => {
    const random = seededRandom(11)
    const bins = Array.from({ length: 10 }, () => 0)
    for (const value of draws(100_000, random)) bins[Math.floor(value * 10)]! += 1
    const chiSquare = bins.reduce((sum, count) => sum + (count - 10_000) ** 2 / 10_000, 0)
    // 99.9 % point of chi-square with nine degrees of freedom.
    expect(chiSquare).toBeLessThan(27.9)
  })

  it('draws normals of mean 0 and variance 1, exponentials of mean 1', () => {
    const random = seededRandom(12)
    const normals = draws(50_000, () => normal(random))
    expect(mean(normals)).toBeCloseTo(0, 1)
    expect(mean(normals.map(value => value * value))).toBeCloseTo(1, 1)
    expect(mean(draws(50_000, () => exponential(random)))).toBeCloseTo(1, 1)
  })

  it('shuffles every order equally often', () => {
    const random = seededRandom(13)
    const seen = new Map<string, number>()
    for (let at = 0; at < 6_000; at++) {
      const order = shuffled(['a', 'b', 'c'], random).join('')
      seen.set(order, (seen.get(order) ?? 0) + 1)
    }
    expect(seen.size).toBe(6)
    for (const count of seen.values()) expect(Math.abs(count - 1_000)).toBeLessThan(150)
  })

  it('draws whole numbers below a bound', () => {
    const random = seededRandom(14)
    expect(new Set(draws(200, () => randomInteger(random, 3)))).toEqual(new Set([0, 1, 2]))
  })
})
