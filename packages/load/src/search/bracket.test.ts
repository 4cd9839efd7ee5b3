/** The search for a rate, against services that hold below some rate and not above it. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { bracketOf, nextTry, type Tried } from './bracket.ts'

const settings = { startPerSecond: 50, smallestPerSecond: 1, largestPerSecond: 10_000, widthFraction: 0.03 }

/** All that is tried, and how it ends, when exactly the rates below `capacity` hold. */
function search(capacity: number, change: Partial<typeof settings> = {}) {
  const tried: Tried[] = []
  for (let step = 0; step < 100; step++) {
    const next = nextTry(tried, { ...settings, ...change })
    if (next.kind !== 'try') return { tried: tried.map(({ ratePerSecond }) => ratePerSecond), end: next }
    tried.push({ ratePerSecond: next.ratePerSecond, held: next.ratePerSecond < capacity })
  }
  throw new Error('no end')
}

describe('bracket and bisect', () => {
  it('doubles to the first rate that does not hold, then halves the distance', () => {
    expect(search(330, { widthFraction: 0.1 })).toEqual({
      tried: [50, 100, 200, 400, 300, 350, 325],
      end: { kind: 'found', held: 325, notHeld: 350 },
    })
  })

  it('halves where the start does not hold', () => {
    expect(search(9, { widthFraction: 0.5 })).toEqual({
      tried: [50, 25, 12.5, 6.25, 9.375],
      end: { kind: 'found', held: 6.25, notHeld: 9.375 },
    })
  })

  it('stays within its ends, and says when the capacity lies beyond them', () => {
    expect(search(Infinity, { largestPerSecond: 150 })).toEqual({
      tried: [50, 100, 150],
      end: { kind: 'above-largest-tried' },
    })
    expect(search(0, { smallestPerSecond: 20 })).toEqual({ tried: [50, 25, 20], end: { kind: 'below-smallest-tried' } })
  })

  it('goes on below a rate that held at first and then did not', () => {
    const tried = [
      { ratePerSecond: 100, held: true },
      { ratePerSecond: 150, held: true },
      { ratePerSecond: 154, held: false },
      { ratePerSecond: 140, held: false },
    ]
    expect(bracketOf(tried)).toEqual({ held: 100, notHeld: 140 })
    expect(nextTry(tried, settings)).toEqual({ kind: 'try', ratePerSecond: 120, stage: 'bisect' })
  })

  it('ends with the capacity in a bracket as narrow as asked, after few steps', () => {
    const rate = fc.double({ min: 1.01, max: 9_999, noNaN: true })
    fc.assert(
      fc.property(rate, rate, fc.constantFrom(0.2, 0.03, 0.005), (capacity, startPerSecond, widthFraction) => {
        const { tried, end } = search(capacity, { startPerSecond, widthFraction })
        expect(end.kind).toBe('found')
        if (end.kind !== 'found') return
        expect(end.held).toBeLessThan(capacity)
        expect(end.notHeld).toBeGreaterThanOrEqual(capacity)
        expect((end.notHeld - end.held) / end.held).toBeLessThanOrEqual(widthFraction * 1.2)
        expect(tried.length).toBeLessThanOrEqual(14 + 9)
        expect(new Set(tried).size).toBe(tried.length)
      }),
      { numRuns: 500 },
    )
  })
})
