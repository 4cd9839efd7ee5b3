/** When a server leaves and when it comes back: two failures, or a lag beyond the budget, and not before it has proven itself again. */

export type EjectedFor = 'unproven' | 'unreachable' | 'lag' | 'other-timeline'

export interface Health {
  readonly serving: boolean
  /** Why not, while not serving. */
  readonly ejectedFor: EjectedFor | undefined
  /** In a row, of probes and statements alike. */
  readonly failures: number
  /** Good ones in a row. */
  readonly goodProbes: number
}

export interface HealthBudget {
  /** Default 2: the first may be one connection that a firewall dropped. */
  readonly failuresToEject: number
  /** Default 2. The first time ever one is enough. */
  readonly probesToReturn: number
  /** Default 10 000. It returns at half, so that it does not flutter at the edge. */
  readonly maxLagMs: number
  /** Default 64 MiB, four segments of log; it returns at half. */
  readonly maxLagBytes: number
}

export const newcomer: Health = { serving: false, ejectedFor: 'unproven', failures: 0, goodProbes: 0 }

export interface Measured {
  readonly lagMs: number
  readonly lagBytes: number
  /** False for a replica that follows a primary of the past. */
  readonly sameTimeline: boolean
}

export function afterFailure(health: Health, budget: HealthBudget): Health {
  const failures = health.failures + 1
  const down = failures >= budget.failuresToEject
  return {
    serving: health.serving && !down,
    ejectedFor: down ? 'unreachable' : health.ejectedFor,
    failures,
    goodProbes: 0,
  }
}

export function afterProbe(health: Health, measured: Measured, budget: HealthBudget): Health {
  const share = health.serving || health.ejectedFor === 'unproven' ? 1 : 0.5
  const isLate = measured.lagMs > budget.maxLagMs * share || measured.lagBytes > budget.maxLagBytes * share
  if (!measured.sameTimeline) return ejected('other-timeline')
  if (isLate) return ejected('lag')
  const goodProbes = health.goodProbes + 1
  const serving = health.serving || goodProbes >= (health.ejectedFor === 'unproven' ? 1 : budget.probesToReturn)
  return { serving, ejectedFor: serving ? undefined : health.ejectedFor, failures: 0, goodProbes }
}

function ejected(ejectedFor: EjectedFor): Health {
  return { serving: false, ejectedFor, failures: 0, goodProbes: 0 }
}
