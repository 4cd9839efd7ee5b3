/** The part of a plan that one worker carries out, fit to cross to it as JSON. */
import type { LoadPlan } from '../plan.ts'

/** The same schedule and seed for all; connections are divided, and limits are judged on the whole by the controller. */
export function workerPlan(plan: LoadPlan, index: number, of: number): LoadPlan {
  const { thresholds: _judgedTogether, connections, ...rest } = plan
  return {
    ...rest,
    maxConnections: Math.max(1, Math.floor(plan.maxConnections / of)),
    segment: { index, of },
    // Endless, which is the default, has no form in JSON.
    ...(connections !== undefined && Number.isFinite(connections.requestsPerConnection) ? { connections } : {}),
  }
}
