/** The part of a plan that one worker carries out, fit to cross to it as JSON. */
import { WhetstoneError } from '@whetstone/model'
import type { LoadPlan } from '../plan.ts'

/** Throws `WHET_LOAD_PLAN` when a worker would have no connection. */
export function checkDivisible({ maxConnections }: LoadPlan, workers: number): void {
  if (maxConnections >= workers) return
  throw new WhetstoneError(
    'WHET_LOAD_PLAN',
    `${maxConnections} connections cannot be divided among ${workers} workers`,
    {
      hint: `--connections ${workers}, or --workers ${maxConnections}`,
    },
  )
}

/** The same schedule and seed for all; connections are divided, and limits are judged on the whole by the controller. */
export function workerPlan(plan: LoadPlan, index: number, of: number): LoadPlan {
  const { thresholds: _judgedTogether, connections, ...rest } = plan
  return {
    ...rest,
    maxConnections: Math.floor(plan.maxConnections / of) + (index < plan.maxConnections % of ? 1 : 0),
    segment: { index, of },
    // Endless, which is the default, has no form in JSON.
    ...(connections !== undefined && Number.isFinite(connections.requestsPerConnection) ? { connections } : {}),
  }
}
