/** What a service did when something was broken on purpose. */
import type { RouteName } from '../place.ts'

export interface DrillsEvidence {
  readonly schema: 'drills@1'
  readonly drills: readonly Drill[]
}
export type Drill = StopDrill

/** SIGTERM under light load, as a new version is rolled out. */
export interface StopDrill {
  readonly kind: 'stop'
  readonly signal: 'SIGTERM'
  /** Sent, and neither answered nor refused at the instant of the signal. */
  readonly underWay: number
  /** Of those, answered in full. */
  readonly drained: number
  /** Of those, cut off: reset, closed without a whole answer, or not answered before the service was killed. */
  readonly lost: number
  /** By route; only routes that had something under way. */
  readonly routes: readonly StoppedRoute[]
  /** Sent after the signal: whoever balances the load sends them elsewhere, so they are not judged. */
  readonly later: { readonly answered: number; readonly refused: number; readonly cut: number }
  /** From the signal until all of its processes were gone; absent when it had to be killed. */
  readonly endedAfterMs?: number
  /** How long it was given. */
  readonly graceMs: number
}
export interface StoppedRoute {
  readonly route: RouteName
  readonly underWay: number
  readonly lost: number
}
