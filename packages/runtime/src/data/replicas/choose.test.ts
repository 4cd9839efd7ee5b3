import { describe, expect, it } from 'vitest'
import { choose, smoothed } from './choose.ts'

const idle = { inFlight: 0, latencyMs: 1 }
const busy = { inFlight: 9, latencyMs: 1 }
const slow = { inFlight: 0, latencyMs: 50 }
/** Draws these in turn. */
const dice =
  (...draws: number[]) =>
  () =>
    draws.shift()!

describe('the choice of a server', () => {
  it('is none of none and the only one of one', () => {
    expect(choose([], Math.random)).toBeUndefined()
    expect(choose([slow], Math.random)).toBe(slow)
  })

  it('is the one that would answer sooner of the two that were drawn', () => {
    expect(choose([idle, busy, slow], dice(0, 0))).toBe(idle)
    expect(choose([idle, busy, slow], dice(0.4, 0))).toBe(busy)
    expect(choose([idle, busy, slow], dice(0.7, 0))).toBe(idle)
  })

  it('never draws the same one twice', () => {
    for (let first = 0; first < 1; first += 0.1) {
      for (let second = 0; second < 1; second += 0.1) expect(choose([idle, slow], dice(first, second))).toBe(idle)
    }
  })

  it('forgets an old latency within some dozens of answers', () => {
    let mean = 100
    for (let answers = 0; answers < 50; answers++) mean = smoothed(mean, 1)
    expect(mean).toBeLessThan(2)
    expect(smoothed(100, 1)).toBeGreaterThan(90)
  })
})
