/** What a service did when something was broken on purpose. */
import type { RouteName } from '../place.ts'

export interface DrillsEvidence {
  readonly schema: 'drills@1'
  readonly drills: readonly Drill[]
}
export type Drill = StopDrill | CacheFailureDrill | CacheStampedeDrill

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

/** The cache of the service stood still for a while under load. */
export interface CacheFailureDrill {
  readonly kind: 'cache-failure'
  /** The server was told to answer nobody, `CLIENT PAUSE`; it goes on by itself. */
  readonly by: 'client-pause'
  readonly pausedMs: number
  readonly ratePerSecond: number
  readonly before: DrillPhase
  /** Of requests that were under way or sent while it stood still. */
  readonly during: DrillPhase
  readonly after: DrillPhase
  readonly routes: readonly {
    readonly route: RouteName
    readonly before: DrillPhase
    readonly during: DrillPhase
    readonly after: DrillPhase
  }[]
  /** From the end of the pause until requests were answered again; absent when they never were within the time watched. */
  readonly recoveredAfterMs?: number
}

/** One hot key was taken away under load, a few times. */
export interface CacheStampedeDrill {
  readonly kind: 'cache-stampede'
  readonly keyTemplate: string
  readonly ratePerSecond: number
  readonly rounds: readonly CacheStampedeRound[]
  /** Of the routes that read the key, while nothing was taken away. */
  readonly usual: DrillPhase
  /** Of the same routes, in the second after each time. */
  readonly afterwards: DrillPhase
}
export interface CacheStampedeRound {
  /** Requests that found the key missing. */
  readonly misses: number
  /** Of those, the ones that loaded it and set it. */
  readonly loads: number
  readonly maxConcurrent: number
  /** How long the key was away; absent when nobody set it again within the time watched. */
  readonly refilledAfterMs?: number
}

/** What the user has to allow: `--drill cache-failure`. */
export type CacheDrillName = 'cache-failure' | 'cache-stampede'

export interface DrillPhase {
  readonly requests: number
  /** Cut off, timed out, or answered with 5xx. */
  readonly errors: number
  /** Of all of them, to the answer or the failure; 0 without requests. */
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
}
