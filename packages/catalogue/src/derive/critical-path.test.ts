import fc from 'fast-check'
import { expect, test } from 'vitest'
import { criticalPath } from './critical-path.ts'
import { query, trace } from './testing/evidence.ts'

test('calls one after another are all on the path, and the service between them', () => {
  const { onMs, besideMs } = criticalPath(trace('GET /a', 100, [query('a', 10, 30), query('b', 50, 40)]))
  expect(Object.fromEntries(onMs)).toEqual({ query: 70, own: 30 })
  expect(besideMs).toBe(0)
})

test('of two at once only the one that finishes last counts', () => {
  const { onMs, besideMs } = criticalPath(trace('GET /a', 100, [query('a', 10, 80), query('b', 10, 30)]))
  expect(Object.fromEntries(onMs)).toEqual({ query: 80, own: 20 })
  expect(besideMs).toBe(30)
})

test('an internal span around calls is not counted twice, and waiting for a connection belongs to its call', () => {
  const spans = [query('a', 30, 50, { poolWaitMs: 20 }), { ...query('', 5, 90), kind: 'internal' as const }]
  const { onMs } = criticalPath(trace('GET /a', 100, spans))
  expect(Object.fromEntries(onMs)).toEqual({ query: 70, own: 30 })
})

test('the path is as long as the request, whatever runs in it', () => {
  const calls = fc.array(fc.tuple(fc.integer({ min: 0, max: 90 }), fc.integer({ min: 0, max: 10 })), { maxLength: 12 })
  fc.assert(
    fc.property(calls, list => {
      const { onMs, besideMs } = criticalPath(
        trace(
          'GET /a',
          100,
          list.map(([start, length], at) => query(`${at}`, start, length)),
        ),
      )
      expect([...onMs.values()].reduce((sum, ms) => sum + ms, 0)).toBeCloseTo(100)
      const called = list.reduce((sum, [, length]) => sum + length, 0)
      expect(besideMs + (onMs.get('query') ?? 0)).toBeCloseTo(called)
    }),
  )
})
