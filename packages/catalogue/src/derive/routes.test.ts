import { describe, expect, test } from 'vitest'
import { readRoutes } from './routes.ts'
import { query, trace, tracesOf } from './testing/evidence.ts'

describe('the work of a route', () => {
  test.each([
    ['is all its time where nothing waited', 50, [query('a', 1, 20)], 50],
    ['leaves out the waits for a connection', 50, [query('a', 1, 20, { poolWaitMs: 25 })], 25],
    [
      'is no less than its database time, where statements waited side by side',
      50,
      [query('a', 1, 10, { poolWaitMs: 30 }), query('b', 1, 10, { poolWaitMs: 30 })],
      20,
    ],
    ['is no more than its time, where statements ran side by side', 12, [query('a', 1, 10), query('b', 1, 10)], 12],
  ])('%s', (_, durationMs, spans, workMs) => {
    expect(readRoutes(tracesOf([trace('GET /', durationMs, spans)])).get('GET /')?.workMs).toBeCloseTo(workMs, 0)
  })
})
