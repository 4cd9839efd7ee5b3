/** One record out of several workers': histograms add up bucket by bucket, so that p99 of all is what one worker would have seen. */
import type { CheckCount, LatencyRecord, LoadStep, RouteLoad } from '@whetstone/model'
import { mergeGenerators } from './merge-generators.ts'
import { mergeHistograms } from './merge-histograms.ts'
import { defined, grouped, mergeIntervals, total } from './merge-intervals.ts'
import { MOST_SLOWEST } from './slowest.ts'

/**
 * Adds the same step of several workers; `workers` are their names, for the generator's reasons. Counts, buckets and ends are
 * exact. A step that ended early adds what it sent to the achieved rate over the whole length. The steady state is left out:
 * it is found in the merged intervals, not merged. Throws RangeError when there is no step.
 */
export function mergeSteps(
  steps: readonly LoadStep[],
  workers: readonly string[] = steps.map((_, index) => `worker ${index + 1}`),
): LoadStep {
  const [first] = steps
  if (first === undefined) throw new RangeError('no step to merge')
  const durationMs = Math.max(...steps.map(step => step.durationMs))
  const overall = mergeLatency(steps.map(step => step.overall))
  const lags = defined(steps.map(step => step.lag))
  const waits = defined(steps.map(step => step.connectionWait))
  const lag = lags.length === steps.length ? mergeHistograms(lags) : undefined
  const connectionWait = waits.length === steps.length ? mergeHistograms(waits) : undefined
  const checks = mergeChecks(steps.flatMap(step => step.checks ?? []))
  const slowest = steps.flatMap(step => step.slowest ?? []).sort((a, b) => b.responseMs - a.responseMs)
  return {
    purpose: first.purpose,
    startedAt: steps.map(step => step.startedAt).reduce((a, b) => (a < b ? a : b)),
    offeredRatePerSecond: total(steps, step => step.offeredRatePerSecond),
    achievedRatePerSecond:
      durationMs === 0 ? 0 : total(steps, step => step.achievedRatePerSecond * (step.durationMs / durationMs)),
    durationMs,
    arrivals: first.arrivals,
    ...(first.shape === undefined ? {} : { shape: first.shape }),
    ...(first.users === undefined ? {} : { users: total(steps, step => step.users ?? 0) }),
    ...(first.requestsPerUser === undefined ? {} : { requestsPerUser: first.requestsPerUser }),
    sent: total(steps, step => step.sent),
    completed: total(steps, step => step.completed),
    errors: total(steps, step => step.errors),
    errorsByKind: addCounts(steps.map(step => step.errorsByKind)),
    routes: [
      ...grouped(
        steps.flatMap(step => step.routes),
        ({ route }) => route,
      ).values(),
    ].map(mergeRoutes),
    overall,
    intervals: mergeIntervals(steps.map(step => step.intervals)),
    generator: mergeGenerators(steps, workers, { response: overall.response, lag, connectionWait }),
    ...(lag === undefined ? {} : { lag }),
    ...(connectionWait === undefined ? {} : { connectionWait }),
    ...(steps.some(step => step.checks !== undefined) ? { checks } : {}),
    ...(steps.some(step => step.slowest !== undefined) ? { slowest: slowest.slice(0, MOST_SLOWEST) } : {}),
  }
}

function mergeLatency(records: readonly LatencyRecord[]): LatencyRecord {
  return {
    requests: total(records, ({ requests }) => requests),
    errors: total(records, ({ errors }) => errors),
    response: mergeHistograms(records.map(({ response }) => response)),
    service: mergeHistograms(records.map(({ service }) => service)),
  }
}

function mergeRoutes(routes: readonly RouteLoad[]): RouteLoad {
  const answers = (route: RouteLoad) => total(Object.values(route.statusCounts), count => count)
  const allAnswers = total(routes, answers)
  // A whole number of bytes went into each mean, so rounding gives that number back.
  const bodyBytes = total(routes, route => Math.round(route.meanBodyBytes * answers(route)))
  const byClass = routes.flatMap(route => Object.entries(route.responseByStatusClass ?? {}))
  return {
    route: routes[0]!.route,
    ...mergeLatency(routes),
    ...(routes.some(route => route.errorsByKind !== undefined)
      ? { errorsByKind: addCounts(routes.map(route => route.errorsByKind ?? {})) }
      : {}),
    ...(routes.some(route => route.responseByStatusClass !== undefined)
      ? {
          responseByStatusClass: Object.fromEntries(
            [...grouped(byClass, ([name]) => name)].map(([name, group]) => [
              name,
              mergeHistograms(group.map(([, histogram]) => histogram)),
            ]),
          ),
        }
      : {}),
    statusCounts: addCounts(routes.map(route => route.statusCounts)),
    meanBodyBytes: allAnswers === 0 ? 0 : bodyBytes / allAnswers,
    maxBodyBytes: Math.max(...routes.map(route => route.maxBodyBytes)),
  }
}

function mergeChecks(checks: readonly CheckCount[]): CheckCount[] {
  return [...grouped(checks, ({ route, name }) => JSON.stringify([route, name])).values()].map(group => ({
    name: group[0]!.name,
    route: group[0]!.route,
    passes: total(group, ({ passes }) => passes),
    fails: total(group, ({ fails }) => fails),
  }))
}

function addCounts(all: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const sums: Record<string, number> = {}
  for (const [key, count] of all.flatMap(counts => Object.entries(counts))) sums[key] = (sums[key] ?? 0) + count
  return sums
}
