/** Stress tests of simulated queues: one that bears overload, one that collapses under it, one that never gets over it. */
import { exponential } from '@whetstone/stats'
import { describe, expect, it } from 'vitest'
import type { LoadPlan } from '../plan.ts'
import { runStress } from './stress.ts'
import { basePlan } from './testing/base-plan.ts'
import { simulated, type SimulatedService } from './testing/simulated-service.ts'

/** Saturated at 200 a second; what would wait longer than a tenth of a second is refused. */
const robust: SimulatedService = { slots: 4, meanServiceMs: 20, mostWaiting: 20 }

async function stress(service: SimulatedService, change: Partial<LoadPlan> = {}, largestPerSecond = 20_000) {
  const plans: LoadPlan[] = []
  const runLoad = simulated(service)
  const result = await runStress(
    basePlan({ ratePerSecond: 25, ...change }),
    { largestPerSecond },
    {
      runLoad: async plan => {
        plans.push(plan)
        return runLoad(plan)
      },
    },
  )
  return { ...result, plans }
}

describe('runStress', () => {
  it('climbs past the knee, overloads it twice and watches at half of it', async () => {
    const { plans, stress: found, steps } = await stress(robust)
    const climbed = plans.slice(0, -1).map(({ ratePerSecond }) => Math.round(ratePerSecond))
    expect(climbed).toEqual([25, 35, 49, 69, 96, 134, 188, 264, 369])
    expect(found.kneePerSecond).toBeCloseTo(188.2, 0)
    expect(plans.at(-1)!.shape).toEqual({
      kind: 'stairs',
      ratesPerSecond: [2, 0.5, 0.5, 0.5, 0.5].map(times => times * found.kneePerSecond!),
    })
    expect(plans.at(-1)).toMatchObject({ durationMs: 30_000, warmUpMs: 0 })
    expect(steps.map(({ purpose }) => purpose).filter(purpose => purpose !== 'warm-up')).toEqual([
      ...climbed.map(() => 'curve'),
      'recovery',
    ])
  })

  it('watches until what waited in the overload has timed out twice over', async () => {
    const { plans } = await stress(robust, { timeoutMs: 20_000 })
    // One rung of overload, then 40 s in rungs of six.
    expect(plans.at(-1)).toMatchObject({ durationMs: 8 * 6_000 })
  })

  it('finds that a service which refuses the excess keeps its goodput and is back at once', async () => {
    const { stress: found } = await stress(robust)
    expect(found.peakGoodputPerSecond).toBeGreaterThan(185)
    expect(found.peakGoodputPerSecond).toBeLessThan(210)
    expect(found.goodputPastKneePerSecond!).toBeGreaterThan(160)
    expect(found.collapsed).toBe(false)
    expect(found.recoveryMs).toBeLessThanOrEqual(1_000)
  })

  it('finds a collapse, where each that waits makes the others slower', async () => {
    const { stress: found } = await stress({
      slots: 4,
      meanServiceMs: 20,
      serviceTime: (random, _at, waiting) => exponential(random) * (1 + waiting / 30),
    })
    expect(found.collapsed).toBe(true)
    expect(found.goodputPastKneePerSecond!).toBeLessThan(0.8 * found.peakGoodputPerSecond)
  })

  it('tells how long a queue took to drain, and when it never did', async () => {
    const { stress: drained } = await stress({ slots: 4, meanServiceMs: 20 }, { timeoutMs: 60_000 })
    // Six seconds at 376, twice the knee, leave about 1,060 waiting; 200 - 94 a second are worked off.
    expect(drained.recoveryMs).toBeGreaterThanOrEqual(8_000)
    expect(drained.recoveryMs).toBeLessThanOrEqual(12_000)
    // Who waits is not answered less.
    expect(drained.collapsed).toBe(false)
    let broken = false
    const { stress: lasting } = await stress({
      ...robust,
      serviceTime: (random, _at, waiting) => {
        broken ||= waiting >= 19
        return exponential(random) * (broken ? 5 : 1)
      },
    })
    expect(lasting.kneePerSecond).toBeDefined()
    expect(lasting.recoveryMs).toBeUndefined()
    expect(lasting.watchedMs).toBeGreaterThanOrEqual(24_000)
  })

  it('has no knee to tell where goodput follows to the largest rate', async () => {
    const { stress: found, plans } = await stress(robust, {}, 60)
    expect(plans.map(({ ratePerSecond }) => Math.round(ratePerSecond))).toEqual([25, 35, 49, 60])
    expect(found).toEqual({ peakGoodputPerSecond: expect.closeTo(60, -1), collapsed: false })
  })

  it('sends a rate again when the generator was late, and goes on', async () => {
    let calls = 0
    const { stress: found, plans } = await stress({
      ...robust,
      generator: () => (calls++ === 2 ? 'invalid' : 'healthy'),
    })
    expect(plans.slice(0, 5).map(({ ratePerSecond }) => Math.round(ratePerSecond))).toEqual([25, 35, 49, 49, 69])
    // Another draw of arrivals, as for every load.
    expect(plans[3]!.seed).not.toBe(plans[2]!.seed)
    expect(found.kneePerSecond).toBeCloseTo(188.2, 0)
    expect(found.endedBy).toBeUndefined()
  })

  it('stops where the generator cannot keep up twice in a row, and says so', async () => {
    const { stress: found, plans } = await stress({ ...robust, generator: rate => (rate > 60 ? 'invalid' : 'healthy') })
    expect(plans.map(({ ratePerSecond }) => Math.round(ratePerSecond))).toEqual([25, 35, 49, 69, 69])
    expect(found).toEqual({ peakGoodputPerSecond: expect.closeTo(49, -1), collapsed: false, endedBy: 'generator' })
  })

  it('tells nothing of an overload that was sent late', async () => {
    let plan = 0
    const { stress: found, plans } = await stress({ ...robust, generator: () => (plan++ > 8 ? 'invalid' : 'healthy') })
    expect(plans.slice(-2).map(({ purpose }) => purpose)).toEqual(['recovery', 'recovery'])
    expect(found).toMatchObject({ endedBy: 'generator', kneePerSecond: expect.closeTo(188, 0) })
    expect([found.recoveryMs, found.watchedMs, found.collapsed]).toEqual([undefined, undefined, false])
  })

  it('says that not even the first rate was followed', async () => {
    const { stress: found, plans } = await stress({ slots: 1, meanServiceMs: 400 })
    expect(plans).toHaveLength(2)
    expect(found).toMatchObject({ endedBy: 'first-rate', collapsed: false })
    expect(found.kneePerSecond).toBeUndefined()
  })
})
