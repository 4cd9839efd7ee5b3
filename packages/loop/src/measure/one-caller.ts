/** Routes that the load asked as one and the same user: what repeats there may be that user and nothing else. */
import type { PlannedRequest, TracesEvidence, Workload } from '@whetstone/model'
import { callerOf } from './collect/credentials.ts'

export function ofOneCaller(traces: TracesEvidence, { routes }: Workload): TracesEvidence {
  // One for all: then it does not matter that the service calls a route by another name than the load.
  const oneCaller = isOneCaller(routes.flatMap(({ requests }) => requests))
    ? traces.routes.map(({ route }) => route)
    : routes.flatMap(({ route, requests }) => (isOneCaller(requests) ? [route] : []))
  return oneCaller.length > 0 ? { ...traces, oneCaller } : traces
}

function isOneCaller(requests: readonly PlannedRequest[]): boolean {
  const callers = new Set(requests.map(({ headers }) => callerOf(headers)))
  return callers.size === 1 && !callers.has(undefined)
}
