import { describe, expect, test } from 'vitest'
import { unproved } from './judge.ts'

const proved = {
  reportedOnBefore: true,
  silentOnAfter: true,
  metric: 'p50',
  ratio: { estimate: 4, low: 3, high: 5 },
  verdict: 'better',
} as const
const expects = { metric: 'p50', atLeast: 2 } as const

test('a result that shows all of it proves its practice', () => {
  expect(unproved(proved, { expects })).toEqual([])
  const hitFraction = { predicted: { filled: 0.9, empty: 0.8 }, measured: 0.86 }
  expect(unproved({ ...proved, hitFraction }, { expects })).toEqual([])
})

describe('a result is not kept', () => {
  test.each([
    [{ reportedOnBefore: false }, 'not reported on its fault'],
    [{ silentOnAfter: false }, 'still reported on its remedy'],
    [{ verdict: 'unclear' }, 'verdict unclear'],
    [{ verdict: 'too-noisy' }, 'verdict too-noisy'],
    [{ ratio: { estimate: 2.5, low: 0.9, high: 5 } }, 'the interval of p50 reaches down to 0.900 times'],
    [
      { hitFraction: { predicted: { filled: 0.9, empty: 0.8 }, measured: 0.84 } },
      '84.0 % of the reads were answered by the cache, predicted 90.0 %',
    ],
    [{ ratio: { estimate: 1.4, low: 1.2, high: 1.6 } }, 'p50 is 1.40 times better, expected 2.00 times'],
  ] as const)('%j: %s', (change, reason) => {
    expect(unproved({ ...proved, ...change }, { expects })).toEqual([reason])
  })
})
