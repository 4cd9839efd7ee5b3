/** Counts what a service asks of its database for each route, in a process of its own under the probe: the timed blocks run without it. */
import type { BlockMetric, PlannedRequest, PlannedRoute, RouteName, Workload } from '@whetstone/model'
import { ProbeReceiver } from '../measure/probe/index.ts'
import { meanOf } from '../measure/quantiles.ts'
import { requestSender } from '../measure/workload/http-client.ts'
import type { RunningArm } from './arm.ts'

/** Enough to show a count, few enough to cost a trial two seconds. */
const requestsPerRoute = 3

/** Where the probe has to be in the environment of the service. */
export type StartUnderProbe = (env: Readonly<Record<string, string>>) => Promise<RunningArm>

/**
 * Queries per request of each route, and of all by their weights. A route whose count differs between two passes over the
 * same requests is left out: what varies by itself must not decide a trial. Empty where no probe can live.
 */
export async function countQueries(
  start: StartUnderProbe,
  workload: Workload,
  signal?: AbortSignal,
): Promise<readonly BlockMetric[]> {
  const receiver = new ProbeReceiver({ level: 'sql' })
  const { env } = await receiver.start()
  try {
    const running = await start(env)
    try {
      const pass = () => countedPass(receiver, running.baseUrl, workload, signal)
      await pass() // fills what the service caches
      return metricsOf(workload.routes, await pass(), await pass())
    } finally {
      await running.stop()
    }
  } finally {
    await receiver.close()
  }
}

async function countedPass(
  receiver: ProbeReceiver,
  baseUrl: string,
  { routes }: Workload,
  signal: AbortSignal | undefined,
): Promise<ReadonlyMap<RouteName, number>> {
  const send = requestSender(new URL(baseUrl))
  await receiver.reset()
  for (const request of routes.flatMap(spread)) {
    signal?.throwIfAborted()
    await send(request)
  }
  await receiver.flush()
  const counted = receiver.evidence().traces.routes.filter(({ requests }) => requests > 0)
  return new Map(counted.map(({ route, queriesPerRequest }) => [route, meanOf(queriesPerRequest)]))
}

/** Over the whole list: the first requests of a route may be all alike. */
function spread({ requests }: PlannedRoute): PlannedRequest[] {
  const step = Math.max(1, requests.length / requestsPerRoute)
  return Array.from(
    { length: Math.min(requestsPerRoute, requests.length) },
    (_, at) => requests[Math.floor(at * step)]!,
  )
}

function metricsOf(
  routes: readonly PlannedRoute[],
  first: ReadonlyMap<RouteName, number>,
  second: ReadonlyMap<RouteName, number>,
): BlockMetric[] {
  const steady = routes.flatMap(({ route, weight }) => {
    const value = second.get(route)
    return value !== undefined && value === first.get(route) ? [{ route, weight, value }] : []
  })
  const weights = steady.reduce((sum, { weight }) => sum + weight, 0)
  const mean = steady.reduce((sum, { weight, value }) => sum + weight * value, 0) / weights
  const whole = steady.length === routes.length && weights > 0 ? [{ route: 'overall', value: mean }] : []
  return [...whole, ...steady].map(({ route, value }) => ({ route, name: 'queriesPerRequest', value }))
}
