/** Where the time of requests goes: database, waiting for a connection, connecting, other services, and the service itself. */
import type { TracesEvidence } from '@whetstone/model'
import { readRoutes } from './routes.ts'

export type Component = 'database' | 'pool wait' | 'connecting' | 'other services' | 'the service itself'
export interface TimeShare {
  readonly component: Component
  readonly ms: number
  /** Of the time of the requests; concurrent calls may add up to more than the request took, so shares are of their sum. */
  readonly fraction: number
}

/** Largest first; of one route, or of all weighted by their requests. */
export function timeShares(traces: TracesEvidence, route?: string): readonly TimeShare[] {
  const readings = [...readRoutes(traces).values()].filter(reading => route === undefined || reading.route === route)
  const sum = (of: 'databaseMs' | 'poolWaitMs' | 'connectMs' | 'outboundMs'): number =>
    readings.reduce((ms, { aggregate }) => ms + aggregate[of], 0)
  const parts: [Component, number][] = [
    ['database', sum('databaseMs')],
    ['pool wait', sum('poolWaitMs')],
    ['connecting', sum('connectMs')],
    ['other services', sum('outboundMs')],
  ]
  const elsewhere = parts.reduce((ms, [, part]) => ms + part, 0)
  const wholeMs = readings.reduce((ms, reading) => ms + reading.totalMs, 0)
  parts.push(['the service itself', Math.max(0, wholeMs - elsewhere)])
  const total = Math.max(wholeMs, elsewhere)
  if (total === 0) return []
  return parts
    .map(([component, ms]) => ({ component, ms, fraction: ms / total }))
    .filter(({ ms }) => ms > 0)
    .toSorted((a, b) => b.ms - a.ms)
}
