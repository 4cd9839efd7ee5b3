/** What each route weighs in the whole: its share of requests and of time, and the traces that are a fair sample of it. */
import type { RouteAggregate, RouteName, Trace, TracesEvidence } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { memo } from './memo.ts'

export interface RouteReading {
  readonly route: RouteName
  readonly aggregate: RouteAggregate
  readonly requests: number
  /** Server-side time of all its requests. */
  readonly totalMs: number
  /** Of it, what is left without the waits for a connection: an exhausted pool makes any statement look small beside its route. */
  readonly workMs: number
  readonly meanMs: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly requestFraction: number
  readonly timeFraction: number
  /** Never the ones kept because they were slow, unless there are no others. */
  readonly traces: readonly Trace[]
}

/** By route; only routes that answered at least once. */
export const readRoutes: (traces: TracesEvidence) => ReadonlyMap<RouteName, RouteReading> = memo(traces => {
  const seen = traces.routes.filter(aggregate => aggregate.requests > 0 && aggregate.route !== '')
  const allRequests = seen.reduce((sum, aggregate) => sum + aggregate.requests, 0)
  const allMs = seen.reduce((sum, aggregate) => sum + aggregate.duration.sum / 1_000, 0)
  return new Map(
    seen.map(aggregate => {
      const histogram = Histogram.fromJSON(aggregate.duration)
      const totalMs = aggregate.duration.sum / 1_000
      return [
        aggregate.route,
        {
          route: aggregate.route,
          aggregate,
          requests: aggregate.requests,
          totalMs,
          // Waits of statements side by side add up to more than the request took.
          workMs: Math.min(totalMs, Math.max(aggregate.databaseMs, totalMs - aggregate.poolWaitMs)),
          meanMs: totalMs / aggregate.requests,
          p50Ms: histogram.quantile(0.5) / 1_000,
          p95Ms: histogram.quantile(0.95) / 1_000,
          requestFraction: aggregate.requests / allRequests,
          timeFraction: allMs > 0 ? totalMs / allMs : 0,
          traces: fairSample(traces.traces.filter(trace => trace.route === aggregate.route)),
        },
      ]
    }),
  )
})

function fairSample(traces: readonly Trace[]): readonly Trace[] {
  // An error ends early and says nothing about the work of a good answer.
  const answered = traces.filter(trace => trace.statusCode < 400)
  const fair = answered.filter(trace => trace.kept !== 'slowest')
  return fair.length > 0 ? fair : answered
}
