import { describe, expect, it } from 'vitest'
import { spearman } from './correlation.ts'
import { midRanks } from './ranks.ts'

describe('mid-ranks', () => {
  it('share the mean of the places that equal values hold', () => {
    expect(midRanks([30, 10, 20, 20])).toEqual([4, 1, 2.5, 2.5])
    expect(midRanks([5, 5, 5])).toEqual([2, 2, 2])
    expect(midRanks([])).toEqual([])
  })
})

describe('Spearman correlation', () => {
  it('gives the worked example: 1 - 6 Σd² / (n (n² - 1))', () => {
    const iq = [106, 86, 100, 101, 99, 103, 97, 113, 112, 110]
    const hours = [7, 0, 27, 50, 28, 29, 20, 12, 6, 17]
    expect(spearman(iq, hours)).toBeCloseTo(1 - (6 * 194) / (10 * 99), 12)
  })

  it('is 1 for any rising relation and -1 for any falling one', () => {
    const values = [0.1, 2, 3, 50, 700]
    const exponentials = values.map(value => Math.exp(value / 100))
    expect(spearman(values, exponentials)).toBeCloseTo(1, 12)
    expect(spearman(values, exponentials.toReversed())).toBeCloseTo(-1, 12)
  })

  it('has no answer when one side never changes', () => {
    expect(spearman([1, 2, 3], [4, 4, 4])).toBeNaN()
    expect(spearman([1], [1])).toBeNaN()
  })

  it('refuses lists that do not pair up', () => {
    expect(() => spearman([1, 2], [1])).toThrow('2 and 1 values')
  })
})
