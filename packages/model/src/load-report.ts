/** Everything one load test found, in one documented object: `whetstone/load@1`. Its page, `--json` and every other output are made from it. */
import type { LoadStep } from './evidence/index.ts'
import type { RouteName } from './place.ts'
import type { Interval } from './units.ts'

export type LoadTestKind = 'load' | 'stress' | 'soak' | 'spike' | 'capacity'

/**
 * As JSON: times end in `Ms` and are milliseconds, instants are ISO 8601 in UTC, fractions run from 0 to 1, histograms count
 * microseconds; a field without a value is left out. Fields may be added to this schema, none is taken away or changes its meaning.
 */
export interface LoadReport {
  readonly schema: 'whetstone/load@1'
  readonly kind: LoadTestKind
  readonly run: LoadRunInfo
  readonly target: LoadedTarget
  /** A scenario file, or `requests` for those given on the command line. */
  readonly scenario: { readonly name: string; readonly source: string }
  /** In the order they ran. */
  readonly steps: readonly LoadStep[]
  readonly thresholds: readonly ThresholdResult[]
  /** `aborted`: interrupted by the user; `threshold`: ended by a limit that says `abort`. The steps hold what was seen until then. */
  readonly stopped: 'finished' | 'aborted' | 'threshold'
  /**
   * `invalid`: the generator could not keep its schedule, and there was no limit, or one that is not proved without it.
   * `degraded`: a share of the load was lost.
   */
  readonly verdict: 'pass' | 'fail' | 'degraded' | 'invalid' | 'aborted'
  /** What makes it `fail` beside its limits, in words: a route that refused every request, checks that failed. */
  readonly failures?: readonly string[]
  /** 0 kept, 1 a limit is broken or there are `failures`, 4 nothing could be decided, 130 interrupted. */
  readonly exitCode: number
  /** For people: what to know before these figures are trusted. */
  readonly warnings: readonly string[]
  readonly capacity?: CapacityResult
  readonly stress?: StressResult
  readonly soak?: SoakResult
  readonly spike?: SpikeResult
  /** One entry a worker, when there were several. */
  readonly workers?: readonly WorkerShare[]
}

export interface LoadedTarget {
  readonly name: string
  readonly url: string
  /** How many of the service's processes did the work, where that could be seen. */
  readonly processes?: number
  /** Of all cores of its machine while it was loaded, 0 to 1; only where it runs on this one. */
  readonly cpuBusyFraction?: number
}

export interface LoadRunInfo {
  readonly id: string
  readonly startedAt: string
  /** Of everything, warm-up and drain with it. */
  readonly durationMs: number
  /** As it was typed. */
  readonly command: string
  /** Name and version. */
  readonly tool: string
  readonly node: string
  readonly machine: string
  /** The same seed gives the same arrivals and choices. */
  readonly seed: number
}

export interface WorkerShare {
  readonly name: string
  /** Arrivals i with i mod `of` equal to `index` are its own. */
  readonly index: number
  readonly of: number
  readonly requests: number
  /** `lost`: it ended before it could report. */
  readonly ended: 'finished' | 'lost'
}

/** What is compared with a limit: a quantile of the response time, a rate, a fraction of errors or of passed checks. */
export type ThresholdMetric =
  | { readonly kind: 'response'; readonly quantile: number }
  | { readonly kind: 'service'; readonly quantile: number }
  | { readonly kind: 'rate' }
  | { readonly kind: 'errors' }
  /** Of the named check, or of all checks together. */
  | { readonly kind: 'checks'; readonly name?: string }

/** One limit. `p95 < 300ms`, `errors < 0.1%`, `p99 < 1s over 10s`, `rate >= 95/s`, `checks >= 99%`. */
export interface LoadThreshold {
  /** As the user wrote it. */
  readonly text: string
  readonly metric: ThresholdMetric
  readonly comparison: '<' | '<=' | '>' | '>='
  /** Milliseconds, requests per second or a fraction, by the metric. */
  readonly limit: number
  /** All routes together when absent. */
  readonly route?: RouteName
  /** Judged over every window of this length; over the whole run when absent. */
  readonly windowMs?: number
  /** The run ends when it is broken. */
  readonly abort: boolean
  /** Not judged before this; a window that begins earlier does not count. Default 0. */
  readonly afterMs?: number
}

export interface ThresholdResult {
  readonly threshold: LoadThreshold
  /** `unknown` where nothing was answered, or too few samples for the quantile. */
  readonly state: 'kept' | 'broken' | 'unknown'
  /**
   * In the unit of the limit: the whole-run value, or that of the worst window. Beside `unknown` it proves nothing; absent where
   * the percentile lies among the errors, which count as endless.
   */
  readonly value?: number
  /** When the first broken window began, since the start of the measured part. */
  readonly brokenAtMs?: number
  readonly brokenWindows?: number
  readonly note?: string
}

/** What a capacity search found: the largest offered rate that still kept the objective. */
export interface CapacityResult {
  readonly objective: readonly LoadThreshold[]
  /**
   * `found`: between a rate that held, confirmed by a longer load, and one that did not. `undecided`: the search was ended before
   * that, by the user or by the number of its loads, and its bracket proves nothing. `invalid`: no rate held before the generator
   * could not keep its schedule.
   */
  readonly outcome: 'found' | 'above-largest-tried' | 'below-smallest-tried' | 'undecided' | 'invalid'
  /** The largest rate that held and the smallest that did not bound it. Absent when none held. */
  readonly ratePerSecond?: Interval
  /** The generator could not keep its schedule at higher rates, so the largest that was tried is its limit and not the service's. */
  readonly endedBy?: 'generator'
  readonly trials: readonly CapacityTrial[]
  readonly usl?: UslSummary
  /** Why no scalability curve was fitted, or why no peak is told. */
  readonly refusal?: string
}

export interface CapacityTrial {
  readonly offeredRatePerSecond: number
  readonly achievedRatePerSecond: number
  readonly held: boolean
  /** Why it did not hold, or was repeated. */
  readonly reason?: string
  /** Of the metric the objective is about, with its 95 % interval. */
  readonly value?: Interval
  /** The same of the objective's further limits, by their text. */
  readonly furtherValues?: readonly { readonly limit: string; readonly value: Interval }[]
  /** Mean requests under way, by Little's law. */
  readonly concurrency: number
  /** Index into the report's steps. */
  readonly step: number
}

export interface UslSummary {
  readonly singlePerSecond: Interval
  readonly contention: Interval
  readonly coherency: Interval
  readonly errorFraction: number
  /** Absent when the peak lies beyond what was measured. */
  readonly peak?: { readonly concurrency: Interval; readonly ratePerSecond: number; readonly openAbove: boolean }
}

/** Past the knee and back: whether goodput held, and how long it took to recover. */
export interface StressResult {
  /** The offered rate above which it no longer followed; absent when it followed to the end, and where it never did. */
  readonly kneePerSecond?: number
  /**
   * `generator`: it could not keep its schedule, twice at one rate, so what lies above the last rate that counts is not known.
   * `first-rate`: not even that was followed, so there is no calm to return to.
   */
  readonly endedBy?: 'generator' | 'first-rate'
  readonly peakGoodputPerSecond: number
  readonly goodputPastKneePerSecond?: number
  /** Goodput past the knee fell by more than a fifth below its peak. */
  readonly collapsed: boolean
  /** From the end of the overload until the response time was back; absent when it never was. */
  readonly recoveryMs?: number
  /** For so long after the overload, two timeouts at least; absent where it was not watched to the end, and in older tests. */
  readonly watchedMs?: number
}

export interface SpikeResult {
  readonly baseRatePerSecond: number
  readonly peakRatePerSecond: number
  /** Absent where nothing was answered before it. */
  readonly p95BeforeMs?: number
  /** Absent where nothing was answered in it. */
  readonly p95DuringMs?: number
  readonly errorsDuring: number
  /** Absent when it never was as before, and where nothing is known of before. */
  readonly recoveryMs?: number
}

/** Whether something grows while the load does not. */
export interface SoakResult {
  readonly trends: readonly Trend[]
  /** Shorter than this and a slow leak may not show. */
  readonly shortestTellingMs: number
}

export interface Trend {
  readonly metric: 'p50' | 'p95' | 'resident-memory' | 'heap-after-collection' | 'open-handles'
  readonly unit: 'ms' | 'bytes' | 'count'
  readonly points: readonly { readonly atMs: number; readonly value: number }[]
  /** Growth per hour with its 95 % interval (Theil-Sen); absent where there were too few readings, as is `pValue`. */
  readonly slopePerHour?: Interval
  /** Mann-Kendall, one-sided for growth. */
  readonly pValue?: number
  readonly verdict: 'grows' | 'steady' | 'unclear'
}
