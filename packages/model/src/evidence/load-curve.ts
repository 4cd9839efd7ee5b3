/** What the load engine saw, step by step: latency from the scheduled instant, and whether the generator itself can be trusted. */
import type { RouteName } from '../place.ts'
import type { SerializedHistogram } from './histogram.ts'

export interface LoadCurveEvidence {
  readonly schema: 'load-curve@1'
  readonly steps: readonly LoadStep[]
}

export interface LoadStep {
  /**
   * `measure` is the step whose latency is reported; `warm-up` is kept visible and never judged; `curve` is one point of a
   * load curve at another rate; `recovery` follows an overload.
   */
  readonly purpose: 'warm-up' | 'measure' | 'curve' | 'recovery'
  readonly startedAt: string
  /** Mean over the step where the rate moves. In a closed model: what was sent, for nothing was offered. */
  readonly offeredRatePerSecond: number
  readonly achievedRatePerSecond: number
  readonly durationMs: number
  /** `closed`: each of `users` waits for its answer before it asks again, so slow answers lower the load. */
  readonly arrivals: 'uniform' | 'poisson' | 'replay' | 'closed'
  /** How the rate moves within the step; absent: it is constant. */
  readonly shape?: 'ramp' | 'stairs' | 'sine' | 'spike' | 'replay'
  /** Of the closed model only. */
  readonly users?: number
  /** Of the open model, where a user's flow sends several: at most so many. The offered rate counts users then, the achieved one requests. */
  readonly requestsPerUser?: number
  readonly sent: number
  readonly completed: number
  /** Connection errors, timeouts, unparsable answers and 5xx: never counted as fast answers. */
  readonly errors: number
  readonly errorsByKind: Readonly<Record<string, number>>
  readonly routes: readonly RouteLoad[]
  /** All routes together. */
  readonly overall: LatencyRecord
  /** One entry a second, or a power of two of seconds in a long step: for the time chart, the heatmap and windowed limits. */
  readonly intervals: readonly LoadInterval[]
  readonly generator: GeneratorHealth
  /** From the scheduled instant until the engine came round to it: the generator's own delay. */
  readonly lag?: SerializedHistogram
  /** From there until a connection was free: part of the response time, and the service's doing. */
  readonly connectionWait?: SerializedHistogram
  readonly checks?: readonly CheckCount[]
  /** The slowest answers that carried a `traceparent`, slowest first, at most 20. */
  readonly slowest?: readonly SlowSample[]
  readonly steadyState?: SteadyState
  /** Workers that did not live to report: their part of the load is missing from every figure here. */
  readonly lost?: LostShare
}

export interface LatencyRecord {
  readonly requests: number
  readonly errors: number
  /** From the scheduled instant, successful answers. */
  readonly response: SerializedHistogram
  /** From the actual send. */
  readonly service: SerializedHistogram
}

export interface RouteLoad extends LatencyRecord {
  readonly route: RouteName
  /** `connect-refused`, `timeout`, `reset`, `parse-error`, `http-503` …, each with its count. */
  readonly errorsByKind?: Readonly<Record<string, number>>
  /** Response times by `2xx`, `4xx`, `5xx` …, so that fast refusals can be told from fast answers. */
  readonly responseByStatusClass?: Readonly<Record<string, SerializedHistogram>>
  readonly statusCounts: Readonly<Record<string, number>>
  readonly meanBodyBytes: number
  readonly maxBodyBytes: number
}

export interface LoadInterval {
  /** Milliseconds since the start of the step. */
  readonly atMs: number
  /** Width; absent in older runs: 1,000. */
  readonly durationMs?: number
  readonly requests: number
  readonly errors: number
  readonly response: SerializedHistogram
  /** The generator's own delay of the requests that fell due in this interval. */
  readonly lag?: SerializedHistogram
  /** The same by route and status class; only where something was answered. */
  readonly cells?: readonly IntervalCell[]
}

export interface IntervalCell {
  readonly route: RouteName
  /** `2xx` … `5xx`, or `error` for a request without an answer. */
  readonly statusClass: string
  readonly requests: number
  readonly response: SerializedHistogram
}

/** A check of a scenario: what it asks, and how often it held. */
export interface CheckCount {
  readonly name: string
  readonly route: RouteName
  readonly passes: number
  readonly fails: number
}

export interface SlowSample {
  readonly traceId: string
  readonly route: RouteName
  readonly status: number
  /** Milliseconds since the start of the step. */
  readonly atMs: number
  readonly responseMs: number
}

/** Where the figures settled: what lies before is kept in the intervals and left out of the quantiles that are judged. */
export interface SteadyState {
  readonly kind: 'steady' | 'never-steady'
  /** Excluded at the beginning; 0 when it was steady from the first interval. */
  readonly excludedMs: number
  /** Response times from there on. */
  readonly response: SerializedHistogram
}

export interface LostShare {
  readonly workers: number
  readonly ofWorkers: number
  /** Of the offered load. */
  readonly fraction: number
}

export interface GeneratorHealth {
  readonly verdict: 'healthy' | 'degraded' | 'invalid'
  /** Why it is not healthy, in words a person reads. */
  readonly reasons: readonly string[]
  readonly lagP50Ms: number
  readonly lagP99Ms: number
  readonly lagMaxMs: number
  readonly cpuFraction: number
  /** Waiting for a free connection: part of the response time, and the service's doing rather than the generator's. */
  readonly connectionWaitP99Ms?: number
  readonly loopDelayP99Ms?: number
}
