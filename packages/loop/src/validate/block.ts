/** What one block of a trial yields: the load engine's step, folded into one figure a metric, because the block is the sample. */
import type { BlockMetric, LatencyRecord, LoadStep, Workload } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import type { ArmKey } from './schedule.ts'

/** Everything a measurement of one block needs to know. */
export interface BlockPhase {
  readonly arm: ArmKey
  readonly pair: number
  /** Position in the whole schedule, from 0. */
  readonly order: number
  readonly workload: Workload
  readonly warmUpMs: number
  readonly blockMs: number
  readonly ratePerSecond: number
  /** The same for both blocks of a pair: both arms answer the same requests at the same instants. */
  readonly seed: number
  readonly signal?: AbortSignal
}

export interface BlockResult {
  /** The measured part alone. */
  readonly load: LoadStep
  /** Requests sent while warming up, which cost CPU too. */
  readonly warmUpRequests?: number
  /** Further figures of the block, for example from the probe. */
  readonly metrics?: readonly BlockMetric[]
}

/** Warms `baseUrl` up, loads it for one block and says what was seen. */
export type MeasureBlock = (baseUrl: string, phase: BlockPhase) => Promise<BlockResult>

/** A p99 of fewer answers is the mood of a handful of them. */
const ANSWERS_FOR_P99 = 1_000

/** Figures of the measured step, for all routes together and for each. Latency counts successful answers only; errors have their own figure. */
export function blockMetrics(step: LoadStep): BlockMetric[] {
  return [
    ...latencyMetrics('overall', step.overall),
    { route: 'overall', name: 'ratePerSecond', value: step.achievedRatePerSecond },
    { route: 'overall', name: 'errorFraction', value: fractionOf(step.errors, step.sent) },
    ...step.routes.flatMap(route => [
      ...latencyMetrics(route.route, route),
      ...(route.requests > route.errors
        ? [{ route: route.route, name: 'bodyBytes' as const, value: route.meanBodyBytes }]
        : []),
    ]),
  ]
}

function latencyMetrics(route: BlockMetric['route'], record: LatencyRecord): BlockMetric[] {
  const response = Histogram.fromJSON(record.response)
  if (response.count === 0) return []
  const metrics: BlockMetric[] = [
    { route, name: 'p50Ms', value: response.quantile(0.5) / 1_000 },
    { route, name: 'p95Ms', value: response.quantile(0.95) / 1_000 },
  ]
  if (response.count >= ANSWERS_FOR_P99) metrics.push({ route, name: 'p99Ms', value: response.quantile(0.99) / 1_000 })
  return metrics
}

function fractionOf(part: number, whole: number): number {
  return whole === 0 ? 0 : part / whole
}
