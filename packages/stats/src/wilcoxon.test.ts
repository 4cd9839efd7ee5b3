import { describe, expect, it } from 'vitest'
import { normal, randomInteger, seededRandom } from './random.ts'
import { plainShiftInterval, plainSignedRankP } from './reference/plain-signed-rank.ts'
import { signedRank } from './wilcoxon.ts'

describe('signed rank', () => {
  it('gives the p of listing every combination of signs, with ties and zeros', () => {
    const random = seededRandom(1)
    for (let trial = 0; trial < 60; trial++) {
      const pairs = 1 + randomInteger(random, 11)
      // Few distinct values, so that ties and zeros are the rule.
      const differences = Array.from({ length: pairs }, () => randomInteger(random, 9) - 3)
      expect(signedRank(differences).p, differences.join(' ')).toBeCloseTo(plainSignedRankP(differences), 12)
    }
  })

  it('gives the figures of the textbook: nine pairs of Hollander and Wolfe, table 3.1', () => {
    const differences = [-0.952, 0.147, -1.022, -0.43, -0.62, -0.59, -0.49, 0.08, -0.01]
    const { estimate, low, high, p, coverage } = signedRank(differences)
    expect(estimate).toBeCloseTo(-0.46, 3)
    expect([low, high].map(end => Number(end.toFixed(3)))).toEqual([-0.786, -0.01])
    expect(p).toBeCloseTo(0.0390625, 7)
    expect(coverage).toBeCloseTo(0.961, 3)
  })

  it('keeps exactly the shifts that the test itself would not reject', () => {
    const random = seededRandom(2)
    for (const pairs of [6, 8, 10]) {
      const differences = Array.from({ length: pairs }, () => normal(random) + 0.5)
      const { low, high } = signedRank(differences)
      const [plainLow, plainHigh] = plainShiftInterval(differences, 0.05, 0.01)
      expect(Math.abs(low - plainLow)).toBeLessThan(0.011)
      expect(Math.abs(high - plainHigh)).toBeLessThan(0.011)
    }
  })

  it('reaches its smallest p when all fourteen differences agree', () => {
    const differences = Array.from({ length: 14 }, (_, at) => at + 1)
    expect(signedRank(differences).p).toBe(2 / 2 ** 14)
    expect(signedRank(differences.map(value => -value)).p).toBe(2 / 2 ** 14)
  })

  it('says p = 1 and no shift when nothing differs', () => {
    expect(signedRank([0, 0, 0, 0, 0, 0])).toMatchObject({ estimate: 0, low: 0, high: 0, p: 1 })
  })

  it('admits that five pairs cannot give a 95 % interval', () => {
    const { low, high, coverage } = signedRank([1, 2, 3, 4, 5])
    expect([low, high]).toEqual([1, 5])
    expect(coverage).toBe(1 - 2 / 32)
  })

  it('goes over to the normal approximation without a jump', () => {
    const random = seededRandom(3)
    const differences = Array.from({ length: 50 }, () => normal(random) + 0.3)
    const exact = signedRank(differences)
    // A fifty-first pair beside the estimate changes the answer little; the method is another.
    const approximate = signedRank([...differences, exact.estimate])
    expect(exact.method).toBe('exact')
    expect(approximate.method).toBe('normal')
    expect(approximate.p / exact.p).toBeGreaterThan(0.7)
    expect(approximate.p / exact.p).toBeLessThan(1.3)
    expect(approximate.low).toBeCloseTo(exact.low, 1)
    expect(approximate.high).toBeCloseTo(exact.high, 1)
    expect(approximate.coverage).toBeGreaterThanOrEqual(0.95)
  })

  it('rejects a true null in five of a hundred samples, at any number of pairs', () => {
    const random = seededRandom(4)
    for (const pairs of [14, 60]) {
      let rejected = 0
      let covered = 0
      for (let trial = 0; trial < 1_000; trial++) {
        const { p, low, high } = signedRank(Array.from({ length: pairs }, () => normal(random)))
        if (p < 0.05) rejected++
        if (low <= 0 && high >= 0) covered++
      }
      expect(rejected).toBeGreaterThan(25)
      expect(rejected).toBeLessThan(75)
      expect(covered).toBeGreaterThan(925)
    }
  })

  it('refuses no pairs, too many, and figures that are none', () => {
    expect(() => signedRank([])).toThrow('1 to 2000 pairs')
    expect(() => signedRank(Array.from({ length: 2_001 }, () => 1))).toThrow('not 2001')
    expect(() => signedRank([1, NaN])).toThrow('finite')
  })
})
