import { describe, expect, test } from 'vitest'
import { figuresOf, scoreOf } from './prediction.ts'

const score = (predictedMs: number, measuredMs: number, isInside = true) => ({
  practice: 'one',
  predictedMs,
  measuredMs,
  isInside,
  predictedFraction: predictedMs / 100,
  measuredFraction: measuredMs / 100,
})

describe('the score of predictions', () => {
  test('takes the median error, the share inside the interval and the order', () => {
    const figures = figuresOf([score(10, 8), score(20, 20), score(30, 60, false), score(44, 40)])
    expect(figures).toEqual({
      scored: 4,
      spearman: 0.8,
      medianErrorP50: 0.175,
      medianErrorOfFraction: 0.175,
      coverage90: 0.75,
    })
  })

  test('has no figures without a prediction', () => {
    expect(figuresOf([])).toMatchObject({ scored: 0, spearman: null, medianErrorP50: null, coverage90: null })
  })

  test('compares milliseconds with milliseconds, and fractions with fractions', () => {
    const result = {
      practice: 'one',
      predicted: { p50Ms: { beforeMs: 100, estimate: 10, low: 5, high: 20 } },
      measuredP50Ms: { before: 50, after: 6 },
    }
    expect(scoreOf(result as never)).toEqual({
      practice: 'one',
      predictedMs: 10,
      measuredMs: 6,
      isInside: true,
      predictedFraction: 0.1,
      measuredFraction: 0.12,
    })
    expect(scoreOf({ ...result, predicted: null } as never)).toBeUndefined()
  })
})
