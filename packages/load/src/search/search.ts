/** What every test that runs several loads is given: a way to run one, and somebody who watches. */
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

  /** The measured step and its place among the steps. `stopped` says if it was cut short, after which no other may be run. */
  async run(change: Partial<LoadPlan>, progress: Pick<SearchProgress, 'stage' | 'held' | 'notHeld'>) {
    const { runLoad, onProgress, onInterval, signal } = this.#shell
    // Another draw for each load, or the same bad luck would come back with every repetition.
    const done = this.#count++
    const plan: LoadPlan = { ...this.#base, ...change, seed: this.#base.seed + done }
    onProgress?.({ ...progress, ratePerSecond: plan.ratePerSecond, durationMs: plan.durationMs, done })
    const result = await runLoad(plan, { ...(onInterval && { onInterval }), ...(signal && { signal }) })
    this.stopped = result.stopped
    if (result.warmUp) this.steps.push(result.warmUp)
    this.steps.push(result.measure)
    return { step: result.measure, at: this.steps.length - 1 }
  }
}
