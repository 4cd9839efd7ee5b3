/** What is told while a load runs, and what is there when it has ended. */
import type { CheckCount, LoadInterval, LoadStep, WorkerShare } from '@whetstone/model'
import type { Pacer } from '../pacer/pacer.ts'
import type { StepRecord } from '../record/step-record.ts'
import type { HostReadings } from './host-readings.ts'

export interface LoadResult {
  /** Absent when the plan has no warm-up. Kept visible and never judged. */
  readonly warmUp?: LoadStep
  readonly measure: LoadStep
  /** `threshold`: a limit that ends the run was broken. */
  readonly stopped: 'finished' | 'aborted' | 'threshold'
  /** What the reader must know: data that ran out, TLS sessions that were never resumed. */
  readonly warnings?: readonly string[]
  readonly workers?: readonly WorkerShare[]
}

/** What is shown while a step runs. */
export interface LiveInterval {
  readonly purpose: LoadStep['purpose']
  /** Milliseconds since the start of the step. */
  readonly atMs: number
  readonly stepDurationMs: number
  readonly sent: number
  readonly completed: number
  readonly errors: number
  readonly inFlight: number
  /** Over the step so far, from the scheduled instant; undefined before the first successful answer. */
  readonly p50Ms: number | undefined
  readonly p95Ms: number | undefined
  readonly p99Ms: number | undefined
}

/** A complete second of the measured step; `stop` ends the run for a broken limit, `checks` counts those of the run so far. */
export type OnSecond = (second: LoadInterval, stop: () => void, checks: () => readonly CheckCount[]) => void

export interface EngineShell {
  /** Monotonic milliseconds. */
  readonly now: () => number
  /** The date on the wall, for `startedAt`. */
  readonly date: () => Date
  readonly pacer: Pacer
  readonly host: HostReadings
  readonly onInterval?: (interval: LiveInterval) => void
  /** Each second of the measured step, complete, as soon as it has passed. `stop` ends the run for a broken limit. */
  readonly onSecond?: OnSecond
  /** After each of them: the measured step so far, without its intervals. */
  readonly onSoFar?: (step: LoadStep) => void
  readonly signal?: AbortSignal
  /** On the engine's clock; default: now. */
  readonly startAtMs?: number
}

export function liveInterval(step: StepRecord, nowMs: number, inFlight: number): LiveInterval {
  const { settings, sent, completed, errors } = step
  const response = step.responses()
  const quantileMs = (q: number) => (response.count === 0 ? undefined : response.quantile(q) / 1000)
  return {
    purpose: settings.purpose,
    atMs: nowMs - settings.startMs,
    stepDurationMs: settings.durationMs,
    sent,
    completed,
    errors,
    inFlight,
    p50Ms: quantileMs(0.5),
    p95Ms: quantileMs(0.95),
    p99Ms: quantileMs(0.99),
  }
}
