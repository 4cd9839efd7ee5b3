/** Trends that are there, and noise that only looks like one. */
import { normal, seededRandom, type Random } from '@whetstone/stats'
import { describe, expect, it } from 'vitest'
import { trendOf } from './trend.ts'

/** One reading a minute for two hours. */
function readings(value: (minute: number) => number) {
  return Array.from({ length: 120 }, (_, minute) => ({ atMs: minute * 60_000, value: value(minute) }))
}

const verdicts = (make: (random: Random) => (minute: number) => number) => {
  const random = seededRandom(3)
  const found = Array.from({ length: 100 }, () => trendOf('resident-memory', 'bytes', readings(make(random))).verdict)
  return (verdict: string) => found.filter(one => one === verdict).length
}

describe('trendOf', () => {
  it('measures the growth an hour of a leak under noise and a sawtooth', () => {
    const random = seededRandom(4)
    const leak = trendOf(
      'heap-after-collection',
      'bytes',
      readings(minute => 100e6 + (minute / 60) * 20e6 + 5e6 * (minute % 7) + 2e6 * normal(random)),
    )
    expect(leak.verdict).toBe('grows')
    expect(leak.pValue).toBeLessThan(0.001)
    expect(leak.slopePerHour!.estimate / 20e6).toBeCloseTo(1, 0)
    expect(leak.slopePerHour!.low).toBeGreaterThan(10e6)
    expect(leak.slopePerHour!.high).toBeLessThan(30e6)
    expect(leak.points.length).toBeLessThanOrEqual(40)
  })

  it('cries wolf in hardly any of a hundred runs without growth, also when the level wanders', () => {
    const flat = verdicts(random => () => 100e6 + 4e6 * normal(random))
    expect(flat('grows')).toBeLessThanOrEqual(3)
    expect(flat('steady')).toBeGreaterThan(90)
    const wandering = verdicts(random => {
      let level = 0
      return () => 100e6 + 4e6 * (level = 0.8 * level + 0.6 * normal(random))
    })
    expect(wandering('grows')).toBeLessThanOrEqual(5)
  })

  it('finds a leak of a tenth in an hour nearly always', () => {
    const leaking = verdicts(random => minute => 100e6 * (1 + minute / 600) + 4e6 * normal(random))
    expect(leaking('grows')).toBeGreaterThan(95)
  })

  it('does not mind growth of less than 2 %, however sure', () => {
    const { verdict, pValue } = trendOf(
      'resident-memory',
      'bytes',
      readings(minute => 100e6 + minute * 1e4),
    )
    expect(pValue).toBeLessThan(0.001)
    expect(verdict).toBe('steady')
  })

  it('says nothing of fewer than ten readings', () => {
    const few = readings(minute => minute).slice(0, 9)
    expect(trendOf('p95', 'ms', few)).toEqual({ metric: 'p95', unit: 'ms', verdict: 'unclear', points: few })
    expect(trendOf('p95', 'ms', [])).toEqual({ metric: 'p95', unit: 'ms', verdict: 'unclear', points: [] })
  })
})
