/** Whether more was offered in a step than was answered: then the queue grows for as long as the load lasts. */
import type { LoadInterval, LoadStep } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

export interface Overload {
  readonly offeredPerSecond: number
  readonly answeredPerSecond: number
  /** Median response times of the first and of the last third of the step. */
  readonly firstMs: number
  readonly lastMs: number
}

export interface OverloadLimits {
  readonly answeredFraction: number
  readonly growthRatio: number
  readonly growthMs: number
}

const fewestIntervals = 6

/** Undefined where it followed, and where it cannot be told: a closed model lowers its own load, a moving rate grows by itself. */
export function overloadOf(step: LoadStep, limits: OverloadLimits): Overload | undefined {
  if (step.arrivals === 'closed' || step.shape !== undefined) return undefined
  // The last one also holds what was answered after the end.
  const intervals = step.intervals.slice(0, -1)
  if (intervals.length < fewestIntervals) return undefined
  const third = Math.floor(intervals.length / 3)
  const firstMs = p50Ms(intervals.slice(0, third))
  const lastMs = p50Ms(intervals.slice(-third))
  const answered = intervals.reduce((sum, { response, errors }) => sum + response.count + errors, 0)
  const answeredPerSecond = (answered * 1_000) / step.intervals.at(-1)!.atMs
  // Random arrivals are not quite the rate that was asked for.
  const offeredPerSecond = Math.min(step.offeredRatePerSecond, (step.overall.requests * 1_000) / step.durationMs)
  const grows = lastMs >= firstMs * limits.growthRatio && lastMs - firstMs >= limits.growthMs
  if (!grows || answeredPerSecond >= offeredPerSecond * limits.answeredFraction) return undefined
  return { offeredPerSecond, answeredPerSecond, firstMs, lastMs }
}

/** NaN where nothing was answered, which is no growth. */
function p50Ms(intervals: readonly LoadInterval[]): number {
  const merged = new Histogram()
  for (const { response } of intervals) if (response.count > 0) merged.merge(Histogram.fromJSON(response))
  return merged.quantile(0.5) / 1_000
}
