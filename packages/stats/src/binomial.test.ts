import { describe, expect, it } from 'vitest'
import { binomialCdf, clopperPearson } from './binomial.ts'
import { plainBinomialCdf } from './reference/plain-binomial.ts'

describe('binomial', () => {
  it('adds up to what adding every probability gives', () => {
    for (const trials of [1, 2, 10, 57, 400]) {
      for (const probability of [0.01, 0.2, 0.5, 0.83]) {
        for (let successes = 0; successes < trials; successes += Math.ceil(trials / 13)) {
          expect(binomialCdf(successes, trials, probability)).toBeCloseTo(
            plainBinomialCdf(successes, trials, probability),
            11,
          )
        }
      }
    }
  })

  it('stays right for ten million trials, where it is nearly normal', () => {
    expect(binomialCdf(5_000_000, 10_000_000, 0.5)).toBeCloseTo(0.5, 3)
    expect(binomialCdf(5_000_000 - 3_100, 10_000_000, 0.5)).toBeCloseTo(0.025, 3)
  })

  it('is 0 below no successes and 1 from all of them', () => {
    expect([binomialCdf(-1, 5, 0.5), binomialCdf(5, 5, 0.5), binomialCdf(3, 5, 0), binomialCdf(3, 5, 1)]).toEqual([
      0, 1, 1, 0,
    ])
  })
})

describe('Clopper-Pearson interval', () => {
  it('has ends where the observed count just stays believable', () => {
    const { low, high } = clopperPearson(7, 50)
    expect(1 - plainBinomialCdf(6, 50, low)).toBeCloseTo(0.025, 9)
    expect(plainBinomialCdf(7, 50, high)).toBeCloseTo(0.025, 9)
  })

  it('follows the closed form when nothing or everything succeeded', () => {
    expect(clopperPearson(0, 60).high).toBeCloseTo(1 - 0.025 ** (1 / 60), 9)
    expect(clopperPearson(60, 60)).toMatchObject({ estimate: 1, high: 1 })
    expect(clopperPearson(0, 60).low).toBe(0)
  })

  it('refuses counts that cannot be', () => {
    expect(() => clopperPearson(3, 2)).toThrow('3 of 2')
    expect(() => clopperPearson(0, 0)).toThrow('0 of 0')
  })
})
