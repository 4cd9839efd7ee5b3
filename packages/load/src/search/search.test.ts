/** What a test of several loads keeps of each of them. */
import type { WorkerShare } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { Loads, type SearchProgress } from './search.ts'
import { basePlan } from './testing/base-plan.ts'
import { simulated } from './testing/simulated-service.ts'

describe('Loads', () => {
  it('keeps each warning once, and the requests of a worker over all loads', async () => {
    const runLoad = simulated({ slots: 1, meanServiceMs: 1 })
    const worker = (requests: number, ended: WorkerShare['ended']) => ({
      name: 'one',
      index: 0,
      of: 1,
      requests,
      ended,
    })
    const told = [
      { warnings: ['data ran out'], workers: [worker(10, 'lost')] },
      { warnings: ['data ran out', 'no session was resumed'], workers: [worker(20, 'finished')] },
    ]
    const loads = new Loads(basePlan(), {
      runLoad: async plan => ({ ...(await runLoad(plan)), ...told.shift() }),
    })
    await loads.run({}, { stage: 'climb' })
    await loads.run({}, { stage: 'climb' })
    expect(loads.ran).toMatchObject({
      warnings: ['data ran out', 'no session was resumed'],
      workers: [worker(30, 'lost')],
      stopped: 'finished',
    })
  })

  it('tells of each load before it runs: its rate, or its users', async () => {
    const told: SearchProgress[] = []
    const shell = {
      runLoad: simulated({ slots: 1, meanServiceMs: 1 }),
      onProgress: (one: SearchProgress) => told.push(one),
    }
    await new Loads(basePlan({ ratePerSecond: 7 }), shell).run({}, { stage: 'climb', held: 5 })
    await new Loads(basePlan({ closed: { users: 3 } }), shell).run({}, { stage: 'soak' })
    expect(told).toMatchObject([
      { stage: 'climb', ratePerSecond: 7, held: 5, done: 0 },
      { stage: 'soak', users: 3, done: 0 },
    ])
    expect(told[0]).not.toHaveProperty('users')
  })
})
