/** How this run was made and the runs before it: what a sceptic asks first. */
import type { CapacityResult, LoadReport, LoadTestKind, StressResult, Trend } from '../load-report.ts'
import type { RouteName } from '../place.ts'
import type { Verdict } from '../trial.ts'
import type { Interval } from '../units.ts'
import type { GeneratorHealth, LoadStep } from './load-curve.ts'
export interface HistoryEvidence {
  readonly schema: 'history@1'
  readonly conditions: RunConditions
  readonly earlier: readonly EarlierRun[]
  /** Load tests of the same target, oldest first; absent in runs of older versions. */
  readonly loads?: readonly EarlierLoad[]
  /** Comparisons of two commands in this folder, oldest first; absent in runs of older versions. */
  readonly trials?: readonly EarlierTrial[]
  /** What is measured in this run; absent outside of a repository. */
  readonly git?: MeasuredCommit
}
export interface MeasuredCommit {
  readonly commit: string
  /** Files that git tracks differ from the commit. */
  readonly dirty: boolean
}
/** What later runs know of a load test: `whetstone load`, `capacity`, `load soak` … */
export interface EarlierLoad {
  readonly id: string
  readonly startedAt: string
  readonly kind: LoadTestKind
  readonly verdict: LoadReport['verdict']
  readonly durationMs: number
  /** Of the measured step; absent where several rates were tried, and in tests of older versions. */
  readonly measured?: MeasuredLoad
  readonly stress?: EarlierStress
  /** Processes that did the work; absent where it was not seen. */
  readonly processes?: number
  /** Of all cores of the machine, 0 to 1. */
  readonly cpuBusyFraction?: number
  /** What was sent from where: only tests that agree in it can be compared. Absent in runs of older versions. */
  readonly conditions?: LoadConditions
  readonly capacity?: EarlierCapacity
  /** What each trial had under way, and what it answered well. */
  readonly curve?: readonly CurvePoint[]
  readonly trends?: readonly Omit<Trend, 'points'>[]
}
export interface LoadConditions {
  /** A scenario file, or `requests`. */
  readonly scenario: string
  /** By name; only of requests that no file describes. */
  readonly routes?: readonly RouteName[]
  readonly machine: string
}
export interface EarlierCapacity extends Pick<CapacityResult, 'outcome' | 'ratePerSecond' | 'usl'> {
  /** The limits as they were written; absent in runs of older versions. */
  readonly objective?: readonly string[]
}
export interface CurvePoint {
  /** Mean requests under way that were answered well, by Little's law. */
  readonly concurrency: number
  /** Answered well; in tests of older versions everything that was sent. */
  readonly ratePerSecond: number
  readonly offeredPerSecond?: number
  /** From the scheduled instant; absent where nothing was answered. */
  readonly p99Ms?: number
}
export interface MeasuredLoad {
  readonly arrivals: LoadStep['arrivals']
  readonly offeredPerSecond: number
  /** Of the step alone, without start and warm-up; absent in runs of older versions. */
  readonly durationMs?: number
  readonly requests: number
  readonly errors: number
  /** Absent where nothing was answered. */
  readonly p95Ms?: number
}
export interface EarlierStress extends StressResult {
  /** Of the overload and what came after it: where it is `invalid`, the generator may have made the collapse. */
  readonly generator: GeneratorHealth['verdict']
}
/** What later runs know of `whetstone trial`. */
export interface EarlierTrial {
  readonly id: string
  readonly startedAt: string
  readonly verdict: Verdict
  readonly pairs: number
  readonly tooNoisy: boolean
  /** p95 of all routes together, after over before. */
  readonly p95?: Interval
  /** Routes that became better or worse, by their p50. */
  readonly changed: readonly ChangedRoute[]
}
export interface ChangedRoute {
  readonly route: RouteName
  readonly beforeMs: number
  readonly afterMs: number
}
export interface RunConditions {
  readonly warmUpMs: number
  readonly measuredMs: number
  readonly requests: number
  readonly generatorVerdict: 'healthy' | 'degraded' | 'invalid'
  readonly stealFraction: number
  /** A trial ran in this run, with so many interleaved pairs. */
  readonly trialPairs?: number
  readonly guardSpreadFraction?: number
}
export interface EarlierRun {
  readonly id: string
  readonly startedAt: string
  readonly p95Ms?: number
  readonly git?: MeasuredCommit
  readonly findings: readonly string[]
}
