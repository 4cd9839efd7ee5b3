import { describe, expect, it } from 'vitest'
import { adviseSize } from './advice.ts'
import { Usage } from './usage.ts'
import type { RecentUsage } from './usage.ts'

const calm: RecentUsage = {
  elapsedMs: 90_000,
  acquisitions: 9_000,
  waitedInVain: 0,
  waits: 0,
  waitP95Ms: 0,
  meanInUse: 4,
  peakInUse: 9,
  meanWaiting: 0,
  meanHeldMs: 40,
  shed: 0,
  timeouts: 0,
}

describe('advice on size', () => {
  it('is silent about what it has not seen enough of', () => {
    expect(adviseSize(10, { ...calm, acquisitions: 499 }, 0).verdict).toBe('unknown')
    expect(adviseSize(10, { ...calm, elapsedMs: 9_000 }, 0)).toMatchObject({
      verdict: 'unknown',
      because: '9000 acquisitions in 9 s: too little (500 in 10 s)',
    })
  })

  it('says right when hardly anybody waits and most are used', () => {
    expect(adviseSize(10, calm, 0)).toMatchObject({
      verdict: 'right',
      because:
        '9000 acquisitions in 90 s, p95 of the wait 0.00 ms; 4.0 of 10 connections in use on average (peak 9), each held for 40 ms',
      measured: { demand: 4, max: 10 },
    })
    // A wait that is small beside the work is not felt.
    expect(adviseSize(10, { ...calm, waits: 2_000, waitP95Ms: 3.9 }, 0).verdict).toBe('right')
  })

  it('says too small when waiting is felt, and asks for what Little saw, at most twice as many', () => {
    const short = { ...calm, waits: 6_000, waitP95Ms: 12, meanInUse: 9.9, meanWaiting: 2.1, peakInUse: 10 }
    expect(adviseSize(10, short, 0)).toMatchObject({ verdict: 'too-small', max: 16, measured: { demand: 12 } })
    expect(adviseSize(10, { ...short, meanWaiting: 90 }, 0).max).toBe(20)
    expect(adviseSize(10, { ...calm, acquisitions: 20, shed: 3 }, 0)).toMatchObject({ verdict: 'too-small', max: 11 })
  })

  it('counts those who waited in vain among those who came', () => {
    const dry = {
      ...calm,
      acquisitions: 1,
      waitedInVain: 20,
      waits: 20,
      timeouts: 20,
      waitP95Ms: 5_000,
      elapsedMs: 6_000,
    }
    expect(adviseSize(1, { ...dry, meanInUse: 1, peakInUse: 1, meanWaiting: 16 }, 0)).toMatchObject({
      verdict: 'too-small',
      max: 2,
      because: expect.stringContaining('20 of 21 callers in 6 s waited, p95 5000 ms; 20 were refused; ') as string,
    })
  })

  it('says too large only after a minute in which half would have done at the peak', () => {
    const idle = { ...calm, meanInUse: 1, peakInUse: 3 }
    expect(adviseSize(10, idle, 0)).toMatchObject({ verdict: 'too-large', max: 4 })
    expect(adviseSize(10, { ...idle, elapsedMs: 30_000 }, 0).verdict).toBe('right')
    expect(adviseSize(7, idle, 0).verdict).toBe('right')
  })

  it('looks at leaks first', () => {
    expect(adviseSize(10, { ...calm, shed: 9 }, 2)).toMatchObject({
      verdict: 'unknown',
      because: 'connections not given back: 2; mend that first',
    })
  })
})

describe('usage', () => {
  it('holds Little’s law: mean in use is rate times hold, mean waiting is rate times wait', () => {
    const usage = new Usage(0)
    // One connection, each millisecond-hand worked out: every 10 ms two callers come, each needs it for 4 ms.
    for (let cycle = 0; cycle < 1_000; cycle++) {
      const at = cycle * 10
      usage.lent(at)
      usage.beganToWait(at)
      usage.returned(at + 4, 4)
      usage.stoppedWaiting(at + 4, 4)
      usage.lent(at + 4)
      usage.returned(at + 8, 4)
    }
    const recent = usage.recent(10_000)
    expect(recent).toMatchObject({ acquisitions: 2_000, waits: 1_000, peakInUse: 1, meanHeldMs: 4, elapsedMs: 10_000 })
    expect(recent.meanInUse).toBeCloseTo(0.2 * 4, 10)
    expect(recent.meanWaiting).toBeCloseTo(0.2 * 2, 10)
    expect(recent.waitP95Ms).toBeCloseTo(4, 0)
  })

  it('counts the wait of who left without a connection, who waited for longest of all', () => {
    const usage = new Usage(0)
    usage.lent(0)
    for (let caller = 0; caller < 20; caller++) usage.beganToWait(0)
    for (let caller = 0; caller < 19; caller++) usage.leftInVain(500, 500)
    // It waited for a connection to be made, which says nothing about their number.
    usage.leftInVain(500, undefined)
    expect(usage.recent(500)).toMatchObject({ acquisitions: 1, waits: 19, waitedInVain: 19, meanWaiting: 20 })
    expect(usage.recent(500).waitP95Ms).toBeGreaterThan(450)
    expect(usage.waitQuantileMs(0.05)).toBe(0)
    expect(usage.waitQuantileMs(0.5)).toBeGreaterThan(450)
  })

  it('forgets what is older than two windows, and keeps its counters', () => {
    const usage = new Usage(0)
    usage.lent(0)
    usage.returned(1_000, 1_000)
    usage.wasShed()
    for (const at of [70_000, 140_000, 190_000, 210_000]) {
      usage.lent(at)
      usage.returned(at + 1, 1)
    }
    // The window that began at 140 s, and the one since.
    expect(usage.recent(211_000)).toMatchObject({ acquisitions: 3, shed: 0, elapsedMs: 71_000 })
    expect(usage).toMatchObject({ acquisitions: 5, shed: 1, inUse: 0 })
  })

  it('of a long silence remembers only what stayed', () => {
    const usage = new Usage(0)
    for (let call = 0; call < 10; call++) usage.lent(0)
    for (let call = 0; call < 9; call++) usage.returned(10, 10)
    expect(usage.recent(3_600_000)).toMatchObject({ acquisitions: 0, meanInUse: 1, peakInUse: 1, elapsedMs: 60_000 })
  })
})
