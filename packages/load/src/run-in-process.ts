/** Runs a plan in this process: what the load process does, and what tests call to see inside. */
import { performance } from 'node:perf_hooks'
import { hostReadings } from './engine/host-readings.ts'
import type { LiveInterval, LoadResult } from './engine/open-model.ts'
import { driveOpenModel } from './engine/open-model.ts'
import { precisePacer } from './pacer/precise-pacer.ts'
import { timerPacer } from './pacer/timer-pacer.ts'
import type { LoadPlan } from './plan.ts'
import { checkPlan } from './plan.ts'

export interface RunOptions {
  /** Stops early; the result then holds what was measured so far and says `aborted`. */
  readonly signal?: AbortSignal
  /** Called four times a second with the figures so far. */
  readonly onInterval?: (interval: LiveInterval) => void
}

/** Resolves with the result; rejects with `WHET_LOAD_PLAN` when the plan cannot be carried out. */
export async function runInProcess(plan: LoadPlan, options: RunOptions = {}): Promise<LoadResult> {
  checkPlan(plan)
  const now = () => performance.now()
  const pacer = plan.pacing === 'timer' ? timerPacer(now) : await precisePacer(now)
  const host = hostReadings(now)
  try {
    return await driveOpenModel(plan, { ...options, now, date: () => new Date(), pacer, host })
  } finally {
    pacer.close()
    host.close()
  }
}
