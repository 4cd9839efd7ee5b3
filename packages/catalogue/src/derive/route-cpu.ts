/** CPU of a service and of its routes: measured as a whole, and told apart by the time that was nobody's wait. */
import type { RouteName, RuntimeEvidence, Site, TracesEvidence } from '@whetstone/model'
import { Histogram, median } from '@whetstone/stats'
import { readRoutes, type RouteReading } from './routes.ts'

export interface ServiceUse {
  readonly cpuMs: number
  readonly requests: number
  /** Of all processes together, the median of the seconds. */
  readonly residentBytes: number
}

/** Undefined where nothing was answered. */
export function serviceUse(runtime: RuntimeEvidence): ServiceUse | undefined {
  const samples = runtime.processes.flatMap(process => process.samples)
  const requests = samples.reduce((sum, sample) => sum + sample.requests, 0)
  if (requests === 0) return undefined
  return {
    requests,
    cpuMs: samples.reduce((sum, sample) => sum + sample.cpuUserMs + sample.cpuSystemMs, 0),
    residentBytes: runtime.processes.reduce(
      (sum, process) =>
        process.samples.length > 0 ? sum + median(process.samples.map(sample => sample.residentBytes)) : sum,
      0,
    ),
  }
}

export interface RouteCpu {
  readonly route: RouteName
  readonly site?: Site
  /** Of one request. */
  readonly cpuMs: number
  readonly cpuFraction: number
  readonly queries: number
  /** The other routes with as many queries. */
  readonly like: readonly RouteName[]
  readonly likeMedianMs: number
}

/**
 * The time of a request that was no wait for others is CPU only where the service hardly waits for itself: the sum over
 * all routes has to be near the CPU that was measured, else nothing is told.
 */
const leastExplained = 0.5
/** With fewer requests a mean is an anecdote. */
const fewestRequests = 20

export function routeCpu(traces: TracesEvidence, serviceCpuMs: number): readonly RouteCpu[] {
  const readings = [...readRoutes(traces).values()]
  const ownMs = readings.reduce((sum, reading) => sum + ownTimeMs(reading), 0)
  const explained = ownMs > 0 ? serviceCpuMs / ownMs : 0
  if (explained < leastExplained) return []
  const share = Math.min(1, explained)
  const routes = readings
    .filter(({ requests }) => requests >= fewestRequests)
    .map(reading => ({
      route: reading.route,
      ...(reading.aggregate.site ? { site: reading.aggregate.site } : {}),
      cpuMs: (ownTimeMs(reading) * share) / reading.requests,
      cpuFraction: ownTimeMs(reading) / ownMs,
      queries: Math.round(Histogram.fromJSON(reading.aggregate.queriesPerRequest).mean),
    }))
  return routes.map(one => {
    const like = routes.filter(other => other !== one && other.queries === one.queries)
    return {
      ...one,
      like: like.map(({ route }) => route),
      likeMedianMs: like.length > 0 ? median(like.map(({ cpuMs }) => cpuMs)) : 0,
    }
  })
}

function ownTimeMs({ totalMs, aggregate: { databaseMs, poolWaitMs, connectMs, outboundMs } }: RouteReading): number {
  return Math.max(0, totalMs - databaseMs - poolWaitMs - connectMs - outboundMs)
}
