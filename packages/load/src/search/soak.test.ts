/** Soaks of simulated services, with the process read beside them. */
import { setTimeout as wait } from 'node:timers/promises'
import { exponential } from '@whetstone/stats'
import { describe, expect, it } from 'vitest'
import { runSoak } from './soak.ts'
import { basePlan } from './testing/base-plan.ts'
import { simulated } from './testing/simulated-service.ts'

const plan = basePlan({ ratePerSecond: 200, durationMs: 600_000, warmUpMs: 0 })

describe('runSoak', () => {
  it('finds the slow drift of latency, and none where there is none', async () => {
    const calm = await runSoak(plan, {}, { runLoad: simulated({ slots: 16, meanServiceMs: 10 }) })
    expect(calm.soak.trends.map(({ metric, unit, verdict }) => [metric, unit, verdict])).toEqual([
      ['p50', 'ms', 'steady'],
      ['p95', 'ms', 'steady'],
    ])
    const drifting = await runSoak(
      plan,
      {},
      {
        runLoad: simulated({
          slots: 16,
          meanServiceMs: 10,
          // Twice as slow after ten minutes.
          serviceTime: (random, atMs) => exponential(random) * (1 + atMs / 600_000),
        }),
      },
    )
    expect(drifting.soak.trends.map(({ verdict }) => verdict)).toEqual(['grows', 'grows'])
    // The median of an exponential is ln 2 of its mean, which grows by 60 ms an hour.
    expect(drifting.soak.trends[0]!.slopePerHour!.estimate / (60 * Math.LN2)).toBeCloseTo(1, 0)
    expect(drifting.soak.shortestTellingMs).toBe(30 * 60_000)
  })

  it('reads the process until the load ends, past readings that fail', async () => {
    const answer = simulated({ slots: 4, meanServiceMs: 10 })
    let reads = 0
    let bytes = 50e6
    const enough = { resolve: () => {} }
    const read = new Promise<void>(resolve => (enough.resolve = resolve))
    const { soak } = await runSoak(
      { ...plan, durationMs: 1_000 },
      {
        readEveryMs: 1,
        readProcess: async () => {
          if (++reads === 60) enough.resolve()
          if (reads % 5 === 0) throw new Error('no such process')
          return { 'resident-memory': (bytes += 1e6), 'open-handles': 12 }
        },
      },
      {
        runLoad: async load => {
          await read
          return await answer(load)
        },
      },
    )
    const afterwards = reads
    expect(soak.trends.map(({ metric, unit, verdict }) => [metric, unit, verdict]).slice(2)).toEqual([
      ['resident-memory', 'bytes', 'grows'],
      ['open-handles', 'count', 'steady'],
    ])
    await wait(20)
    expect(reads).toBeLessThanOrEqual(afterwards + 1)
  })
})
