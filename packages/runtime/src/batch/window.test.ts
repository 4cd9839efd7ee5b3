import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { nextWindow, tickOnly, type WindowSeen, type WindowState } from './window.ts'

const alone: WindowSeen = { lateKeys: 0, sinceOpenedMs: 40 }
const close: WindowSeen = { lateKeys: 0, sinceOpenedMs: 0.2 }
const fed: WindowSeen = { lateKeys: 7, sinceOpenedMs: 3 }

const after = (seen: readonly WindowSeen[], longestMs = 8, from: WindowState = tickOnly) =>
  seen.reduce((state, one) => nextWindow(state, one, longestMs), from)

describe('the adaptive window', () => {
  test('stays the tick while batches are far apart', () => {
    expect(after(Array.from({ length: 100 }, () => alone)).windowMs).toBe(0)
  })

  test('opens when four batches in a row came within a millisecond of one another', () => {
    expect(after([close, close, close]).windowMs).toBe(0)
    expect(after([close, close, alone, close, close]).windowMs).toBe(0)
    expect(after([close, close, close, close])).toEqual({ windowMs: 1, score: 0 })
  })

  test('doubles while it brings keys in, up to its bound', () => {
    const opened = after([close, close, close, close])
    expect(
      [4, 8, 12, 40].map(
        count =>
          after(
            Array.from({ length: count }, () => fed),
            8,
            opened,
          ).windowMs,
      ),
    ).toEqual([2, 4, 8, 8])
  })

  test('closes again, step by step, when nothing comes in any more', () => {
    const from = { windowMs: 4, score: 0 }
    expect(
      [4, 8, 12].map(
        count =>
          after(
            Array.from({ length: count }, () => alone),
            8,
            from,
          ).windowMs,
      ),
    ).toEqual([2, 1, 0])
  })

  test('is never outside 0 to its bound, whatever comes', () => {
    const seen = fc.record({ lateKeys: fc.nat(3), sinceOpenedMs: fc.double({ min: 0, max: 5, noNaN: true }) })
    fc.assert(
      fc.property(fc.array(seen, { maxLength: 200 }), fc.integer({ min: 1, max: 20 }), (all, longestMs) => {
        let state = tickOnly
        for (const one of all) {
          state = nextWindow(state, one, longestMs)
          expect(state.windowMs >= 0 && state.windowMs <= longestMs).toBe(true)
        }
      }),
    )
  })
})
