/** The capacity search on simulated queues whose capacity is known, and on services that would mislead a simpler one. */
import { WhetstoneError } from '@whetstone/model'
import type { LoadThreshold } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import type { LoadPlan } from '../plan.ts'
import { parseThreshold } from '../thresholds/parse.ts'
import { findCapacity, type CapacitySettings } from './capacity.ts'
import { basePlan } from './testing/base-plan.ts'
import { simulated, type SimulatedService } from './testing/simulated-service.ts'

const plan = basePlan()
const p95: LoadThreshold = parseThreshold('p95 < 60ms')

/** One slot of 4 ms. The response time of M/M/1 is exponential with rate μ - λ, so p95 is 60 ms at λ = 250 - ln 20 / 0.06. */
const single: SimulatedService = { slots: 1, meanServiceMs: 4 }
const singleCapacity = 250 - Math.log(20) / 0.06

async function search(
  service: SimulatedService,
  settings: Partial<CapacitySettings> = {},
  change: Partial<LoadPlan> = {},
) {
  const loads: LoadPlan[] = []
  const runLoad = simulated(service)
  const result = await findCapacity(
    { ...plan, ...change },
    { objective: [p95], ...settings },
    {
      runLoad: async load => {
        loads.push(load)
        return runLoad(load)
      },
    },
  )
  return { ...result, loads }
}

describe('findCapacity', () => {
  it('finds the capacity of a queue within five percent, whatever the luck of the draw', async () => {
    for (const seed of [1_000, 2_000, 3_000, 4_000, 5_000]) {
      const { capacity } = await search(single, {}, { seed, durationMs: 12_000 })
      expect(capacity.outcome).toBe('found')
      const { estimate, low, high } = capacity.ratePerSecond!
      expect(Math.abs(estimate / singleCapacity - 1)).toBeLessThan(0.05)
      expect([low <= estimate, estimate <= high, high - low <= 0.031 * high]).toEqual([true, true, true])
    }
  })

  it('runs each load with arrivals of its own, and tells of each before it begins', async () => {
    const told: number[] = []
    const runLoad = simulated(single)
    const { steps, capacity } = await findCapacity(
      plan,
      { objective: [p95] },
      { runLoad, onProgress: ({ ratePerSecond }) => told.push(ratePerSecond) },
    )
    expect(told).toEqual(capacity.trials.map(({ offeredRatePerSecond }) => offeredRatePerSecond))
    expect(capacity.trials.map(({ step }) => steps[step]!.offeredRatePerSecond)).toEqual(told)
    expect(steps.filter(({ purpose }) => purpose === 'warm-up')).toHaveLength(told.length)
    const { loads } = await search(single)
    expect(new Set(loads.map(({ seed }) => seed)).size).toBe(loads.length)
  })

  it('looks again at a rate too near the limit, and longer once at the rate it found', async () => {
    const { capacity, loads } = await search(single)
    const looksAt = (rate: number) => capacity.trials.filter(trial => trial.offeredRatePerSecond === rate).length
    expect(looksAt(100)).toBe(1)
    expect(Math.max(...capacity.trials.map(trial => looksAt(trial.offeredRatePerSecond)))).toBeGreaterThan(2)
    expect(loads.at(-1)).toMatchObject({ ratePerSecond: capacity.ratePerSecond!.low, durationMs: 12_000 })
  })

  it('gives a slow rate the time its percentile needs', async () => {
    const { loads } = await search(
      { slots: 1, meanServiceMs: 1 },
      { largestPerSecond: 20, objective: [parseThreshold('p99 < 1s')] },
      { ratePerSecond: 10 },
    )
    // 2,000 requests would do for p99 and take 200 s at 10 a second; a minute is the most.
    expect(loads[0]!.durationMs).toBe(60_000)
  })

  it('does not take refusals for fast answers', async () => {
    const shedding: SimulatedService = { slots: 1, meanServiceMs: 4, mostWaiting: 3 }
    const { capacity } = await search(shedding)
    expect(capacity.outcome).toBe('found')
    // All that is answered takes 20 ms at most; near saturation, one of five is refused.
    expect(capacity.ratePerSecond!.high).toBeLessThan(200)
    expect(capacity.trials.find(({ held }) => !held)!.reason).toMatch(/^p95 was an error/)
  })

  it('refuses a rate at which the queue grows, though the limit is not yet reached', async () => {
    const { capacity } = await search(single, { objective: [parseThreshold('p95 < 20s')] }, { timeoutMs: 60_000 })
    expect(capacity.ratePerSecond!.estimate).toBeLessThan(280)
    expect(capacity.ratePerSecond!.estimate).toBeGreaterThan(220)
    expect(capacity.trials.map(({ reason }) => reason ?? '').join('\n')).toMatch(
      /answers took longer and longer, \d+ ms to/,
    )
  })

  it('says when the service is better or worse than all that may be tried', async () => {
    const { capacity: best } = await search(single, { largestPerSecond: 150 })
    expect(best).toMatchObject({
      outcome: 'above-largest-tried',
      ratePerSecond: { estimate: 150, low: 150, high: 150 },
    })
    const { capacity: worst } = await search({ slots: 1, meanServiceMs: 400 })
    expect(worst.outcome).toBe('below-smallest-tried')
    expect(worst.ratePerSecond).toBeUndefined()
  })

  it('throws one look away when the generator was late, and gives up at the second in a row', async () => {
    let calls = 0
    const once = await search({ ...single, generator: () => (calls++ === 1 ? 'invalid' : 'healthy') })
    expect(once.capacity.outcome).toBe('found')
    expect(once.capacity.trials[1]!.reason).toMatch(/^thrown away/)
    const never = await search({ ...single, generator: rate => (rate > 150 ? 'invalid' : 'healthy') })
    // What held before that still holds.
    expect(never.capacity).toMatchObject({
      outcome: 'above-largest-tried',
      endedBy: 'generator',
      ratePerSecond: { low: 100, high: 100 },
      refusal: 'the generator could not keep its schedule',
    })
    expect(never.loads.map(({ ratePerSecond }) => ratePerSecond)).toEqual([100, 200, 200])
    const { capacity: nothing } = await search({ ...single, generator: () => 'invalid' })
    expect(nothing).toMatchObject({ outcome: 'invalid', endedBy: 'generator' })
    expect(nothing.ratePerSecond).toBeUndefined()
  })

  it('hands over what it has when it is stopped', async () => {
    const runLoad = simulated(single)
    let loads = 0
    const { capacity, stopped, steps } = await findCapacity(
      plan,
      { objective: [p95] },
      { runLoad: async load => ({ ...(await runLoad(load)), stopped: ++loads === 2 ? 'aborted' : 'finished' }) },
    )
    expect([stopped, loads, steps.length]).toEqual(['aborted', 2, 4])
    expect(capacity).toMatchObject({ outcome: 'undecided', ratePerSecond: { low: 100, high: 100 } })
  })

  it('has found nothing before the rate is confirmed', async () => {
    const whole = await search(single)
    const loads = whole.capacity.trials.length
    const enough = await search(single, { mostLoads: loads })
    expect(enough.capacity).toEqual(whole.capacity)
    const { capacity } = await search(single, { mostLoads: loads - 1 })
    expect(capacity.trials).toHaveLength(loads - 1)
    expect(capacity.outcome).toBe('undecided')
    expect(capacity.ratePerSecond!.low).toBeLessThan(capacity.ratePerSecond!.high)
    const { capacity: none } = await search({ slots: 1, meanServiceMs: 400 }, { mostLoads: 2 })
    expect(none.outcome).toBe('undecided')
    expect(none.ratePerSecond).toBeUndefined()
  })

  it('keeps what it has when it is stopped between two loads, and fails when there is nothing', async () => {
    const runLoad = simulated(single)
    const stoppedAt = (last: number) => {
      let loads = 0
      return findCapacity(
        plan,
        { objective: [p95] },
        {
          runLoad: async load => {
            if (loads++ === last) throw new WhetstoneError('WHET_LOAD_STOPPED', 'the load was stopped')
            return await runLoad(load)
          },
        },
      )
    }
    await expect(stoppedAt(0)).rejects.toThrow('the load was stopped')
    const { capacity, stopped, steps } = await stoppedAt(1)
    expect([stopped, steps.length, capacity.ratePerSecond!.low]).toEqual(['aborted', 2, 100])
  })

  it('draws the scalability curve, and no peak beyond what was measured', async () => {
    const { capacity } = await search(
      { slots: 8, meanServiceMs: 30 },
      { objective: [parseThreshold('p95 < 200ms')] },
      { ratePerSecond: 10 },
    )
    // One request alone: 1 / 30 ms.
    expect(capacity.usl!.singlePerSecond.estimate).toBeGreaterThan(25)
    expect(capacity.usl!.singlePerSecond.estimate).toBeLessThan(42)
    expect(capacity.usl!.peak === undefined ? capacity.refusal : 'no peak is told').toMatch(/^no peak is told/)
  })
})
