/** Who is asked in a drill and how long the service may take to end: a server that answers everything must have the time to. */
import type { RouteLoad, RouteName, Workload } from '@whetstone/model'
import { quantileMs } from '../quantiles.ts'

/** As long as Kubernetes waits by default. */
const mostMs = 30_000
/** A service that drains ends when its slowest answer does, and on a machine that is busy even later. */
const times = 3

/**
 * Routes that are well done within the grace, and a grace that holds three times the p99 of each. Routes nothing is known of stay;
 * those that were asked and never answered in time do not.
 * @param leastMs grace where the routes are quick
 */
export function patienceFor(
  workload: Workload,
  measured: readonly RouteLoad[],
  leastMs: number,
): { readonly workload: Workload; readonly graceMs: number } {
  const known = new Map(measured.map(load => [load.route, load]))
  const isQuick = (route: RouteName) => {
    const load = known.get(route)
    if (!load || load.requests === 0) return true
    const { response } = load
    return (
      response.count > 0 && quantileMs(response, 0.5) <= leastMs / 2 && quantileMs(response, 0.99) * times <= mostMs
    )
  }
  const routes = workload.routes.filter(({ route }) => isQuick(route))
  const slowestMs = Math.max(
    0,
    ...routes.flatMap(({ route }) => {
      const response = known.get(route)?.response
      return response ? [quantileMs(response, 0.99)] : []
    }),
  )
  return { workload: { ...workload, routes }, graceMs: Math.max(leastMs, Math.ceil(slowestMs * times)) }
}

/**
 * Ten answers at once take longer than ten times one where they wait for a core or a connection, and the p99 of a quiet load does not tell.
 * @param togetherMs what they took a moment before the signal
 */
export function graceAfter(togetherMs: number, leastMs: number): number {
  return Math.max(leastMs, Math.min(mostMs, Math.ceil(togetherMs * times)))
}
