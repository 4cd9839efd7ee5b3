import type { Evidence } from '@whetstone/model'
import { describe, expect, test } from 'vitest'
import { cacheCurve } from './cache-curve.ts'

/** One key each 100 ms: 1 2 1 2 3 1 2 1. */
const reads = { keyFraction: 1, keys: [1, 2, 1, 2, 3, 1, 2, 1], atMs: [0, 100, 200, 300, 400, 500, 600, 700] }

function evidence(hits: number, misses: number, total?: number): Evidence {
  const traces = {
    cache: {
      keys: [
        { hits: 0, misses: 1 },
        { hits, misses, reads },
      ],
    },
  }
  return {
    traces,
    ...(total === undefined ? {} : { redis: { servers: [{ keys: { total } }] } }),
  } as unknown as Evidence
}

describe('the curve of a cache', () => {
  test('says what each size would answer, beside what both arms did', () => {
    expect(cacheCurve({ entries: [1, 2, 3] }, { before: evidence(2, 6, 2), after: evidence(5, 3, 3) })).toEqual({
      simulated: [
        { entries: 1, filled: 0, empty: 0 },
        { entries: 2, filled: 0.25, empty: 0.375 },
        { entries: 3, filled: 0.75, empty: 0.625 },
      ],
      measured: { before: { hitFraction: 0.25, entries: 2 }, after: { hitFraction: 0.625, entries: 3 } },
    })
  })

  test('says for each time to live how old the answers are too', () => {
    const curve = cacheCurve({ ttlMs: [150, 300, 1_000] }, { before: evidence(2, 6), after: evidence(5, 3) })
    expect(curve?.simulated.map(({ ttlMs, empty, meanAgeMs: ageMs }) => [ttlMs, empty, ageMs])).toEqual([
      [150, 0, 0],
      [300, 0.375, 75],
      [1_000, 0.625, 263],
    ])
    expect(curve?.measured.before).toEqual({ hitFraction: 0.25 })
  })

  test('is none where no keys were seen', () => {
    expect(cacheCurve({ entries: [1] }, { before: {}, after: {} })).toBeUndefined()
  })
})
