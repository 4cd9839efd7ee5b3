/** What every test that runs several loads is given: a way to run one, and somebody who watches. */
import { isWhetstoneError } from '@whetstone/model'
import type { LoadStep } from '@whetstone/model'
import type { LoadResult } from '../engine/live.ts'
import type { LoadPlan } from '../plan.ts'
import type { RunOptions } from '../run-in-process.ts'

export interface SearchShell {
  readonly runLoad: (plan: LoadPlan, options: RunOptions) => Promise<LoadResult>
  /** Before each load. */
  readonly onProgress?: (progress: SearchProgress) => void
  readonly onInterval?: RunOptions['onInterval']
  /** Ends the load that runs and begins no other; what was found so far is handed over. */
  readonly signal?: AbortSignal
}

export interface SearchProgress {
  readonly stage: 'bracket' | 'bisect' | 'confirm' | 'climb' | 'recovery' | 'before' | 'spike' | 'soak'
  readonly ratePerSecond: number
  readonly durationMs: number
  /** Loads run before this one. */
  readonly done: number
  /** Rates that held and did not so far. */
  readonly held?: number
  readonly notHeld?: number
}

/** Runs loads one after the other, each with its own draw of arrivals, and keeps their steps. */
export class Loads {
  readonly steps: LoadStep[] = []
  stopped: LoadResult['stopped'] = 'finished'
  readonly #base: LoadPlan
  readonly #shell: SearchShell
  #count = 0

  constructor(base: LoadPlan, shell: SearchShell) {
    this.#base = base
    this.#shell = shell
  }

  /** The measured step and its place among the steps; undefined when it was stopped before its first request. */
  async run(
    change: Partial<LoadPlan>,
    progress: Pick<SearchProgress, 'stage' | 'held' | 'notHeld'>,
  ): Promise<{ readonly step: LoadStep; readonly at: number } | undefined> {
    const { runLoad, onProgress, onInterval, signal } = this.#shell
    // Another draw for each load, or the same bad luck would come back with every repetition.
    const done = this.#count++
    const plan: LoadPlan = { ...this.#base, ...change, seed: this.#base.seed + done }
    onProgress?.({ ...progress, ratePerSecond: plan.ratePerSecond, durationMs: plan.durationMs, done })
    try {
      const result = await runLoad(plan, { ...(onInterval && { onInterval }), ...(signal && { signal }) })
      this.stopped = result.stopped
      if (result.warmUp) this.steps.push(result.warmUp)
      this.steps.push(result.measure)
      return { step: result.measure, at: this.steps.length - 1 }
    } catch (error) {
      // Between two loads: what the earlier ones found is not lost.
      if (done === 0 || !isWhetstoneError(error) || error.code !== 'WHET_LOAD_STOPPED') throw error
      this.stopped = 'aborted'
      return undefined
    }
  }

  /** Of a test that is a single load: without it there is nothing to tell. */
  async runAlone(change: Partial<LoadPlan>, stage: SearchProgress['stage']): Promise<LoadStep> {
    const ran = await this.run(change, { stage })
    return ran!.step
  }
}
