/** What is inferred: one cause, where it is, the numbers behind it, and the edit that would remove it. */
import type { Edit } from './edit.ts'
import type { EvidenceKind } from './evidence/index.ts'
import type { RouteName, Site } from './place.ts'
import type { Interval, Quantity } from './units.ts'

export interface Fact {
  /** Short noun phrase: `queries per request`. */
  readonly label: string
  readonly quantity: Quantity
  /** Where the number comes from, for the reader and the report's links. */
  readonly evidence: {
    readonly kind: EvidenceKind
    readonly traceId?: string
    readonly statementId?: string
    readonly path?: string
  }
}

export interface Where {
  readonly route?: RouteName
  readonly statementId?: string
  readonly site?: Site
  /** A table, an index, a pool, a setting: `items(order_id)`. */
  readonly resource?: string
}

/** measured: timed with and without. strong: the evidence allows no other reading. suspected: likely, not proved. */
export type Confidence = 'measured' | 'strong' | 'suspected'

export interface Finding {
  /** practice + route + statement or site; survives line shifts. Made by `fingerprintOf`. */
  readonly fingerprint: string
  readonly practice: string
  /** Names the cause with its number: `51 queries per request where 2 would do`. */
  readonly title: string
  readonly where: Where
  readonly facts: readonly Fact[]
  readonly confidence: Confidence
  readonly edit?: Edit
  /** An outage, loss or leak is possible: severity is high without a latency gain. */
  readonly risk?: 'outage' | 'loss' | 'leak'
  /** The remedy made concrete for this finding. */
  readonly remedy: FindingRemedy
}

export interface FindingRemedy {
  readonly summary: string
  readonly steps: readonly string[]
  /** Copyable: code or SQL. */
  readonly code?: { readonly language: 'ts' | 'sql' | 'http'; readonly before?: string; readonly after: string }
}

export type Severity = 'high' | 'warn' | 'info'

/** A finding after the loop predicted its gain, ranked it and merged its neighbours. */
export interface RankedFinding extends Finding {
  readonly severity: Severity
  /** Share of the route's p95 (or of the weighted total) the remedy returns at the median prediction. */
  readonly gainFraction: number
  readonly predicted?: Prediction
  readonly measured?: MeasuredGain
  /** Practices merged into this one: the same route, statement and site. */
  readonly also: readonly { readonly practice: string; readonly title: string }[]
}

/** Remaining latency after the remedy, 90 % intervals. Milliseconds. */
export interface Prediction {
  readonly route?: RouteName
  readonly p50Ms?: PredictedQuantile
  readonly p95Ms?: PredictedQuantile
  /** Traces cannot promise a p99: only an upper bound. */
  readonly p99AtMostMs?: number
  /** Requests per second that can be answered, after over before: given instead of times where a resource was more than 80 % busy. */
  readonly capacityRatio?: number
  readonly bytes?: { readonly before: number; readonly after: number }
  readonly queriesPerRequest?: { readonly before: number; readonly after: number }
  /** Traces it was computed from. */
  readonly traces: number
  readonly method: 'trace-replay' | 'bytes' | 'none'
}
export interface PredictedQuantile extends Interval {
  readonly beforeMs: number
}
/** What a trial of all remedies together showed on the finding's own route; given only where no other remedy was applied to it. */
export interface MeasuredGain {
  readonly metric: string
  readonly before: number
  readonly after: number
  /** after / before. */
  readonly ratio: Interval
}

/** The stable identity of a finding: what it is about, never a line number. */
export function fingerprintOf(practice: string, where: Where): string {
  const frame = where.site?.[0]
  const place = where.statementId ?? (frame ? `${frame.file}#${frame.function ?? ''}` : '')
  return [practice, where.route ?? '', place, where.resource ?? ''].join('|')
}
