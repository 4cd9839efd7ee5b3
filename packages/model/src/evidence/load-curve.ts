/** What the load engine saw, step by step: latency from the scheduled instant, and whether the generator itself can be trusted. */
import type { RouteName } from '../place.ts'
import type { SerializedHistogram } from './histogram.ts'

export interface LoadCurveEvidence {
  readonly schema: 'load-curve@1'
  readonly steps: readonly LoadStep[]
}

export interface LoadStep {
  /** `measure` is the step whose latency is reported; `warm-up` is kept visible and never judged. */
  readonly purpose: 'warm-up' | 'measure'
  readonly startedAt: string
  readonly offeredRatePerSecond: number
  readonly achievedRatePerSecond: number
  readonly durationMs: number
  readonly arrivals: 'uniform' | 'poisson'
  readonly sent: number
  readonly completed: number
  /** Connection errors, timeouts, unparsable answers and 5xx: never counted as fast answers. */
  readonly errors: number
  readonly errorsByKind: Readonly<Record<string, number>>
  readonly routes: readonly RouteLoad[]
  /** All routes together. */
  readonly overall: LatencyRecord
  /** One entry a second, for the time chart and the heatmap. */
  readonly intervals: readonly LoadInterval[]
  readonly generator: GeneratorHealth
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
  readonly requests: number
  readonly errors: number
  readonly response: SerializedHistogram
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
