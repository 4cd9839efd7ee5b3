/** One metric of two arms compared: by exact ranks where it is noisy, pair by pair where it is counted. */
import type { Interval, MetricName, Verdict } from '@whetstone/model'
import { median, signedRank } from '@whetstone/stats'
import type { PairedValue } from './pairs.ts'

type MetricKind = 'timed' | 'counted' | 'errors'

/** Before the verdict, which needs to know what else was asked. */
export interface Comparison {
  readonly a: number
  readonly b: number
  /** b / a. */
  readonly ratio: Interval
  readonly p: number
  readonly pairs: number
  /** The same size of change up and down, 0 for none: logarithms of the ratio, or plain differences of an error fraction. */
  readonly shift: Interval
  /** False while even the widest interval cannot reach 95 %. */
  readonly bounded: boolean
}

export interface VerdictRule {
  /** Smallest change worth a verdict, on the scale of `shift`. */
  readonly margin: number
  readonly level: number
  /** What base against itself showed, on the scale of `shift`: a change within it is no change. */
  readonly noise: number
}

/** A ratio to nothing has no number; this stands for it, because infinity does not survive JSON. */
const RATIO_TO_NOTHING = 1e6
const CONFIDENCE = 0.95
const COUNTED: ReadonlySet<MetricName> = new Set(['queriesPerRequest', 'bodyBytes'])

export function kindOf(name: MetricName): MetricKind {
  if (COUNTED.has(name)) return 'counted'
  return name === 'errorFraction' ? 'errors' : 'timed'
}

/** Ratios of noisy positive figures; pairs holding a zero say nothing about a ratio and are left out. */
export function compareTimed(values: readonly PairedValue[]): Comparison {
  const usable = values.filter(({ a, b }) => a > 0 && b > 0)
  if (usable.length === 0) return nothingToCompare(values)
  const shift = signedRank(
    usable.map(({ a, b }) => Math.log(b / a)),
    CONFIDENCE,
  )
  const ratio = { estimate: Math.exp(shift.estimate), low: Math.exp(shift.low), high: Math.exp(shift.high) }
  return { ...middles(usable), ratio, p: shift.p, pairs: usable.length, shift, bounded: shift.coverage >= CONFIDENCE }
}

/** Error fractions are often zero, so their plain differences are ranked. */
export function compareErrors(values: readonly PairedValue[]): Comparison {
  if (values.length === 0) return nothingToCompare(values)
  const shift = signedRank(
    values.map(({ a, b }) => b - a),
    CONFIDENCE,
  )
  const { a, b } = middles(values)
  const ratioAt = (change: number) => ratioOf(a, Math.max(0, a + change))
  const ratio = { estimate: ratioAt(shift.estimate), low: ratioAt(shift.low), high: ratioAt(shift.high) }
  return { a, b, ratio, p: shift.p, pairs: values.length, shift, bounded: shift.coverage >= CONFIDENCE }
}

/** Counts need no statistics: both blocks of a pair answer the same requests. The interval is the range over the pairs. */
export function compareCounted(values: readonly PairedValue[]): Comparison {
  if (values.length === 0) return nothingToCompare(values)
  const ratios = values.map(({ a, b }) => ratioOf(a, b))
  const ratio = { estimate: median(ratios), low: Math.min(...ratios), high: Math.max(...ratios) }
  const moved = ratio.low > 1 || ratio.high < 1
  return { ...middles(values), ratio, p: moved ? 0 : 1, pairs: values.length, shift: logOf(ratio), bounded: true }
}

/** `worse` and `better` must be significant, larger than the margin and larger than the noise; `equal` has its whole interval inside the margin. */
export function verdictOf(
  comparison: Comparison,
  pAdjusted: number,
  rule: VerdictRule,
  largerIsBetter: boolean,
): Verdict {
  const { shift, bounded } = comparison
  const size = Math.abs(shift.estimate)
  if (pAdjusted < rule.level && size > rule.margin && size > rule.noise) {
    return shift.estimate > 0 === largerIsBetter ? 'better' : 'worse'
  }
  return bounded && shift.low > -rule.margin && shift.high < rule.margin ? 'equal' : 'unclear'
}

/** A count moved only if it moved in every pair, and everywhere by more than the margin. */
export function countedVerdict({ shift, pairs }: Comparison, margin: number): Verdict {
  if (pairs === 0) return 'unclear'
  if (shift.low > margin) return 'worse'
  if (shift.high < -margin) return 'better'
  return Math.abs(shift.estimate) <= margin ? 'equal' : 'unclear'
}

function ratioOf(a: number, b: number): number {
  if (a === b) return 1
  return a === 0 ? RATIO_TO_NOTHING : Math.max(b / a, 1 / RATIO_TO_NOTHING)
}

function logOf({ estimate, low, high }: Interval): Interval {
  return { estimate: Math.log(estimate), low: Math.log(low), high: Math.log(high) }
}

function middles(values: readonly PairedValue[]): PairedValue {
  return { a: median(values.map(({ a }) => a)), b: median(values.map(({ b }) => b)) }
}

function nothingToCompare(values: readonly PairedValue[]): Comparison {
  const { a, b } = values.length === 0 ? { a: 0, b: 0 } : middles(values)
  const unknown = { estimate: 1, low: 1 / RATIO_TO_NOTHING, high: RATIO_TO_NOTHING }
  return { a, b, ratio: unknown, p: 1, pairs: 0, shift: logOf(unknown), bounded: false }
}
