/** Spikes on simulated queues. */
import { describe, expect, it } from 'vitest'
import { runSpike } from './spike.ts'
import { basePlan } from './testing/base-plan.ts'
import { simulated, type SimulatedService } from './testing/simulated-service.ts'

const plan = basePlan({ ratePerSecond: 100, durationMs: 30_000, timeoutMs: 60_000 })
const queue: SimulatedService = { slots: 4, meanServiceMs: 20 }

describe('runSpike', () => {
  it('sends one spike after a third of the time, and tells when the queue behind it was gone', async () => {
    const { steps, spike } = await runSpike(plan, { peakPerSecond: 300 }, { runLoad: simulated(queue) })
    expect(steps.map(({ purpose }) => purpose)).toEqual(['warm-up', 'measure'])
    // (100 × 25 s + 300 × 5 s) / 30 s.
    expect(steps[1]!.offeredRatePerSecond).toBeCloseTo(133.3, 1)
    expect(spike).toMatchObject({ baseRatePerSecond: 100, peakRatePerSecond: 300, errorsDuring: 0 })
    // Alone, three mean service times; then 500 too many wait for slots that free 200 times a second.
    expect(spike.p95BeforeMs).toBeGreaterThan(50)
    expect(spike.p95BeforeMs).toBeLessThan(120)
    expect(spike.p95DuringMs).toBeGreaterThan(1_000)
    // 500 waiting, of which 200 - 100 a second are worked off.
    expect(spike.recoveryMs).toBeGreaterThanOrEqual(3_000)
    expect(spike.recoveryMs).toBeLessThanOrEqual(8_000)
  })

  it('counts what was refused in it', async () => {
    const { spike } = await runSpike(
      plan,
      { peakPerSecond: 300, atMs: 5_000, lengthMs: 10_000 },
      { runLoad: simulated({ ...queue, mostWaiting: 10 }) },
    )
    // About 100 a second too many for ten seconds.
    expect(spike.errorsDuring).toBeGreaterThan(700)
    expect(spike.errorsDuring).toBeLessThan(1_300)
    expect(spike.recoveryMs).toBeLessThanOrEqual(1_000)
  })

  it('makes up no figure where nothing was answered', async () => {
    const refusing = simulated({ ...queue, mostWaiting: 0 })
    const { spike } = await runSpike(plan, { peakPerSecond: 300 }, { runLoad: refusing })
    expect(spike).toEqual({ baseRatePerSecond: 100, peakRatePerSecond: 300, errorsDuring: spike.errorsDuring })
    expect(spike.errorsDuring).toBeGreaterThan(1_000)
    const { spike: early } = await runSpike(plan, { peakPerSecond: 300, atMs: 0 }, { runLoad: simulated(queue) })
    expect(early.p95BeforeMs).toBeUndefined()
    expect(early.p95DuringMs).toBeGreaterThan(1_000)
  })

  it('tells no recovery that did not come before the end', async () => {
    const { spike } = await runSpike(plan, { peakPerSecond: 900 }, { runLoad: simulated(queue) })
    expect(spike.recoveryMs).toBeUndefined()
  })
})
