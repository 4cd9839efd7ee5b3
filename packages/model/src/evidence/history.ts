/** How this run was made and the runs before it: what a sceptic asks first. */
import type { CapacityResult, LoadReport, LoadTestKind, Trend } from '../load-report.ts'
export interface HistoryEvidence {
  readonly schema: 'history@1'
  readonly conditions: RunConditions
  readonly earlier: readonly EarlierRun[]
  /** Load tests of the same target, oldest first; absent in runs of older versions. */
  readonly loads?: readonly EarlierLoad[]
}
/** What later runs know of a load test: `whetstone load`, `capacity`, `load soak` … */
export interface EarlierLoad {
  readonly id: string
  readonly startedAt: string
  readonly kind: LoadTestKind
  readonly verdict: LoadReport['verdict']
  readonly durationMs: number
  /** Processes that did the work; absent where it was not seen. */
  readonly processes?: number
  /** Of all cores of the machine, 0 to 1. */
  readonly cpuBusyFraction?: number
  readonly capacity?: Pick<CapacityResult, 'outcome' | 'ratePerSecond'>
  /** What each trial of a capacity test had under way, and what it answered. */
  readonly curve?: readonly CurvePoint[]
  readonly trends?: readonly Omit<Trend, 'points'>[]
}
export interface CurvePoint {
  /** Mean requests under way, by Little's law. */
  readonly concurrency: number
  readonly ratePerSecond: number
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
  readonly findings: readonly string[]
}
