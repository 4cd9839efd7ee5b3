/** What-if as data: a remedy described as a change to evidence, so that ONE predictor turns it into numbers. */
import type { RouteName } from './place.ts'

export type Edit = TraceEdit | DemandEdit | PlanEdit | BytesEdit | ConnectionEdit | InstancesEdit

/** Changes the span tree of every trace of the route that holds the spans. */
export interface TraceEdit {
  readonly kind: 'trace'
  readonly change:
    /** N runs of each of the statements in a request become one that returns all their rows. */
    | { readonly kind: 'collapse'; readonly statementIds: readonly string[] }
    /** N outbound calls of the template become one. */
    | { readonly kind: 'collapse-outbound'; readonly host: string; readonly urlTemplate: string }
    /** Runs beyond the first with equal parameters disappear. */
    | { readonly kind: 'deduplicate'; readonly statementId: string }
    | { readonly kind: 'remove'; readonly statementId: string }
    /** A cache answers this part of the runs, 0 to 1; `coldHitFraction` is what it answers while it still fills. */
    | {
        readonly kind: 'cache'
        readonly statementId: string
        readonly hitFraction: number
        readonly coldHitFraction: number
      }
    /** A copy in the process answers this part of the reads of a cache on the network; both fractions as of `cache`. */
    | {
        readonly kind: 'near-cache'
        readonly keyTemplate: string
        readonly hitFraction: number
        readonly coldHitFraction: number
      }
    /** Runs one after another become concurrent; bounded by the pool. */
    | { readonly kind: 'parallelise'; readonly statementIds: readonly string[] }
  /** Absent: every route that holds it. */
  readonly route?: RouteName
}

/** Removes service demand of a resource that traces do not show as a span. */
export interface DemandEdit {
  readonly kind: 'demand'
  readonly resource: 'app-cpu'
  readonly route?: RouteName
  /** CPU milliseconds a request of the route no longer needs. */
  readonly removeMsPerRequest: number
  /** It ran in one piece on the event loop: others waited behind it. */
  readonly blocking: boolean
  /** The work only moves off the main thread: others no longer wait for it, the request itself still does. */
  readonly offloaded?: boolean
}

/** A statement becomes cheaper because its plan changes. */
export interface PlanEdit {
  readonly kind: 'plan'
  readonly statements: readonly {
    readonly statementId: string
    readonly costBefore: number
    readonly costAfter: number
    /** Measured on a scratch copy when available: worth more than cost. */
    readonly medianMsBefore?: number
    readonly medianMsAfter?: number
  }[]
  readonly route?: RouteName
}

/** Fewer bytes on the wire or out of the database. */
export interface BytesEdit {
  readonly kind: 'bytes'
  readonly route: RouteName
  readonly bytesBefore: number
  readonly bytesAfter: number
  /** The statement whose rows shrink, when it is about rows rather than the response. */
  readonly statementId?: string
}

/** Connections are reused, or there are more of them. */
export interface ConnectionEdit {
  readonly kind: 'connection'
  readonly change:
    { readonly kind: 'reuse' } | { readonly kind: 'pool-size'; readonly from: number; readonly to: number }
  readonly route?: RouteName
}

/** More processes share the work, on the same machine. */
export interface InstancesEdit {
  readonly kind: 'instances'
  readonly from: number
  readonly to: number
  /** Never given: they serve every route. */
  readonly route?: RouteName
}
