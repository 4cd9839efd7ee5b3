/** What an arm does under more than it bears: as a stress test finds it, and as one count a round. */
import { loadTarget, type LoadPlan, run, runInProcess, runStress } from '@whetstone/load'
import type { EarlierLoad, Workload } from '@whetstone/model'
import type { ArmStart } from './arms.ts'
import { whileRunning } from './while-running.ts'

/** Users who left: work for them is done for nobody. */
const patienceMs = 400
const stepMs = 3_000
const timesTheLoad = 5

/** A generator that fell behind shows nothing, and says so. */
const mostAttempts = 3

export async function stressLoad(start: ArmStart, workload: Workload, ratePerSecond: number): Promise<EarlierLoad> {
  for (let attempt = 1; ; attempt++) {
    const load = await stressOnce(start, workload, ratePerSecond)
    if (load.stress?.generator !== 'invalid' || attempt === mostAttempts) return load
  }
}

async function stressOnce(start: ArmStart, workload: Workload, ratePerSecond: number): Promise<EarlierLoad> {
  return await whileRunning(start, async baseUrl => {
    const startedAt = new Date()
    const { stress, steps } = await runStress(planOf(baseUrl, workload, ratePerSecond), {}, { runLoad: run })
    const overload = steps.findLast(({ purpose }) => purpose === 'recovery')
    return {
      id: '1',
      startedAt: startedAt.toISOString(),
      kind: 'stress',
      verdict: 'pass',
      durationMs: Date.now() - startedAt.getTime(),
      stress: { ...stress, generator: overload?.generator.verdict ?? 'invalid' },
    }
  })
}

export async function answeredInOverload(start: ArmStart, workload: Workload, ratePerSecond: number): Promise<number> {
  return await whileRunning(start, async baseUrl => {
    const { measure } = await runInProcess(planOf(baseUrl, workload, ratePerSecond * timesTheLoad))
    return Math.round((measure.overall.response.count * 1_000) / stepMs)
  })
}

function planOf(baseUrl: string, workload: Workload, ratePerSecond: number): LoadPlan {
  return {
    target: loadTarget(new URL(baseUrl)),
    routes: workload.routes,
    ratePerSecond,
    durationMs: stepMs,
    warmUpMs: 300,
    arrivals: 'uniform',
    seed: 1,
    // Nobody waits for a connection: those who give up would not be seen.
    maxConnections: 500,
    timeoutMs: patienceMs,
  }
}
