/** What every test that runs several loads is given: a way to run one, and somebody who watches. */
import { isWhetstoneError } from '@whetstone/model'
import type { LoadStep, WorkerShare } from '@whetstone/model'
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
  /** Of the closed model, whose rate nobody asked for. */
  readonly users?: number
  readonly durationMs: number
  /** Loads run before this one. */
  readonly done: number
  /** Rates that held and did not so far. */
  readonly held?: number
  readonly notHeld?: number
}

/** What the loads of a test handed over, beside what the test makes of them. */
export interface LoadsRun {
  readonly steps: readonly LoadStep[]
  /** Of the last load. */
  readonly stopped: LoadResult['stopped']
  /** Of every load, each once. */
  readonly warnings: readonly string[]
  /** With the requests of all loads. */
  readonly workers?: readonly WorkerShare[]
}

/** Runs loads one after the other, each with its own draw of arrivals, and keeps their steps. */
export class Loads {
  readonly steps: LoadStep[] = []
  stopped: LoadResult['stopped'] = 'finished'
  readonly #warnings = new Set<string>()
  readonly #workers = new Map<string, WorkerShare>()
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
    onProgress?.({
      ...progress,
      ratePerSecond: plan.ratePerSecond,
      ...(plan.closed === undefined ? {} : { users: plan.closed.users }),
      durationMs: plan.durationMs,
      done,
    })
    try {
      const result = await runLoad(plan, { ...(onInterval && { onInterval }), ...(signal && { signal }) })
      this.stopped = result.stopped
      for (const warning of result.warnings ?? []) this.#warnings.add(warning)
      for (const worker of result.workers ?? []) this.#addWorker(worker)
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

  get ran(): LoadsRun {
    const workers = [...this.#workers.values()]
    return {
      steps: this.steps,
      stopped: this.stopped,
      warnings: [...this.#warnings],
      ...(workers.length > 0 && { workers }),
    }
  }

  /** Of a test that is a single load: without it there is nothing to tell. */
  async runAlone(change: Partial<LoadPlan>, stage: SearchProgress['stage']): Promise<LoadStep> {
    const ran = await this.run(change, { stage })
    return ran!.step
  }
  #addWorker(worker: WorkerShare): void {
    const before = this.#workers.get(worker.name)
    this.#workers.set(worker.name, {
      ...worker,
      requests: worker.requests + (before?.requests ?? 0),
      ended: before?.ended === 'lost' ? 'lost' : worker.ended,
    })
  }
}
