/** The latency of a route or of all routes in the few figures a report speaks of. */
import type { LatencyRecord, LatencySummary } from '@whetstone/model'
import { quantileMs } from '../measure/quantiles.ts'

/** Fewer than ten answers beyond a quantile say little about it. */
export const answersForP99 = 1_000

export interface SummaryContext {
  readonly offeredRatePerSecond: number
  readonly durationMs: number
  readonly queriesPerRequest: number | undefined
}

export function summaryOf(
  record: LatencyRecord,
  { offeredRatePerSecond, durationMs, queriesPerRequest }: SummaryContext,
): LatencySummary {
  return {
    requests: record.requests,
    errors: record.errors,
    ratePerSecond: (record.requests - record.errors) / (durationMs / 1_000),
    offeredRatePerSecond,
    p50Ms: quantileMs(record.response, 0.5),
    p95Ms: quantileMs(record.response, 0.95),
    ...(record.response.count >= answersForP99 ? { p99Ms: quantileMs(record.response, 0.99) } : {}),
    ...(queriesPerRequest === undefined ? {} : { queriesPerRequest }),
    response: record.response,
  }
}

/** When nothing was sent. */
export const emptySummary: LatencySummary = {
  requests: 0,
  errors: 0,
  ratePerSecond: 0,
  offeredRatePerSecond: 0,
  p50Ms: 0,
  p95Ms: 0,
  response: { schema: 'log-linear@1', digits: 3, count: 0, min: 0, max: 0, sum: 0, buckets: [] },
}
