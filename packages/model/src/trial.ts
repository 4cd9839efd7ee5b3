/** A comparison of two arms, decided on blocks, with what it takes to disbelieve it. */
import type { SerializedHistogram } from './evidence/histogram.ts'
import type { RouteName } from './place.ts'
import type { Interval } from './units.ts'

export type Verdict = 'better' | 'worse' | 'equal' | 'unclear'

/** One block of one arm: a fresh process, warmed up, measured. */
export interface TrialBlock {
  readonly pair: number
  readonly arm: 'a' | 'b'
  /** Position in the whole schedule, from 0. */
  readonly order: number
  readonly startedAt: string
  readonly pid?: number
  readonly requests: number
  readonly errors: number
  /** `overall`, and one per route. */
  readonly metrics: readonly BlockMetric[]
  readonly generator: 'healthy' | 'degraded' | 'invalid'
  readonly thrownOut?: string
}
export interface BlockMetric {
  readonly route: RouteName | 'overall'
  readonly name: MetricName
  readonly value: number
}
export type MetricName =
  | 'p50Ms'
  | 'p95Ms'
  | 'p99Ms'
  | 'ratePerSecond'
  | 'errorFraction'
  | 'queriesPerRequest'
  | 'bodyBytes'
  | 'residentBytes'
  | 'cpuMsPerRequest'

export interface MetricComparison {
  readonly route: RouteName | 'overall'
  readonly name: MetricName
  readonly gated: boolean
  /** Deterministic counters are compared without statistics. */
  readonly deterministic: boolean
  readonly a: number
  readonly b: number
  /** b / a: Hodges-Lehmann estimate with its 95 % interval. */
  readonly ratio: Interval
  readonly p: number
  /** After Holm over the gated metrics; equals `p` for the others. */
  readonly pAdjusted: number
  readonly pairs: number
  readonly verdict: Verdict
}

export interface TrialResult {
  readonly schema: 'trial@1'
  readonly armA: string
  readonly armB: string
  readonly pairs: number
  readonly blockMs: number
  readonly warmUpMs: number
  readonly ratePerSecond: number
  readonly marginFraction: number
  readonly seed: number
  readonly verdict: Verdict
  /** The A/A guard: the same arm against itself on the same schedule. */
  readonly guard: { readonly pairs: number; readonly spreadFraction: number; readonly tooNoisy: boolean }
  readonly metrics: readonly MetricComparison[]
  readonly blocks: readonly TrialBlock[]
  /** Response histograms of each arm over all its blocks, for the percentile curve. */
  readonly histograms: { readonly a: SerializedHistogram; readonly b: SerializedHistogram }
  readonly thrownOut: number
  readonly durationMs: number
}
