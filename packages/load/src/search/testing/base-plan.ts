/** The plan that searches in tests begin with; the service it names is never asked. */
import type { LoadPlan } from '../../plan.ts'

export function basePlan(change: Partial<LoadPlan> = {}): LoadPlan {
  return {
    target: { host: '127.0.0.1', port: 1 },
    routes: [],
    ratePerSecond: 100,
    durationMs: 6_000,
    warmUpMs: 1_000,
    arrivals: 'poisson',
    seed: 1,
    maxConnections: 1_000,
    timeoutMs: 5_000,
    ...change,
  }
}
