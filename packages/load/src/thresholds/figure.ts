/** One figure against one limit: kept, broken, or too few samples to say. An error is never a fast answer: it counts as endless. */
import { countText } from '@whetstone/model'
import type { LoadThreshold, ThresholdResult } from '@whetstone/model'
import { binomialCdf, rankOfQuantile } from '@whetstone/stats'
import { metricName } from './text.ts'
import type { Figures } from './tally.ts'

/** An unknown one may have a value that proves nothing; one that lies among the errors has the value `Infinity`. */
export type Reading = Pick<ThresholdResult, 'state' | 'value' | 'note'>

export interface Share {
  readonly part: number
  readonly of: number
}

/** Samples expected beyond the quantile, below which its value is mostly luck. */
const SAMPLES_BEYOND = 10
/** How unlikely a kept limit must make what was seen before few samples may break it. */
const SURELY = 0.001

/** For a percentile, an error share or a rate. */
export function judgeFigures(threshold: LoadThreshold, figures: Figures): Reading {
  const { metric } = threshold
  switch (metric.kind) {
    case 'response':
    case 'service':
      return judgeQuantile(threshold, metric.quantile, figures)
    case 'errors':
      return judgeShare(threshold, { part: figures.errors, of: figures.requests }, 'nothing was requested')
    case 'rate':
      return Number.isFinite(figures.ratePerSecond)
        ? { state: holds(threshold, figures.ratePerSecond) ? 'kept' : 'broken', value: figures.ratePerSecond }
        : { state: 'unknown', note: 'no time passed' }
    case 'checks':
      return { state: 'unknown', note: 'checks are judged over the whole run' }
  }
}

export function judgeShare(threshold: LoadThreshold, { part, of }: Share, whenNone: string): Reading {
  if (of === 0) return { state: 'unknown', note: whenNone }
  return { state: holds(threshold, part / of) ? 'kept' : 'broken', value: part / of }
}

/** Samples a quantile needs: 200 for p95, 1,000 for p99. The largest and the smallest are what they are with one. */
export function samplesNeeded(quantile: number): number {
  const beyond = Math.min(quantile, 1 - quantile)
  // Rounded first: 10 / (1 - 0.95) is a last bit above 200.
  return beyond <= 0 ? 1 : Math.ceil(Math.round((SAMPLES_BEYOND / beyond) * 1e6) / 1e6)
}

/** Whether even a sample this small cannot be explained by a limit that is kept. */
export function surelyBroken(threshold: LoadThreshold, figures: Figures): boolean {
  const { metric } = threshold
  if (metric.kind === 'errors') return surelyBeyond(threshold, { part: figures.errors, of: figures.requests })
  if (metric.kind !== 'response' && metric.kind !== 'service') return false
  const { response } = figures
  const endless = endlessOf(threshold, figures)
  const of = response.count + endless
  const above = response.countAbove(threshold.limit * 1000) + endless
  return isUpper(threshold) ? beyond(above, of, 1 - metric.quantile) : beyond(of - above, of, metric.quantile)
}

/**
 * Errors that count as answers which took for ever: all of them under an upper limit of the response time, for else a service
 * kept its percentile by refusing what is too much for it. Under a lower limit they would help to keep it, and count for nothing.
 */
export function endlessOf(threshold: LoadThreshold, { errors }: Pick<Figures, 'errors'>): number {
  return threshold.metric.kind === 'response' && isUpper(threshold) ? errors : 0
}

/** Beside a percentile in which errors are counted; undefined where there were none. */
export function endlessNote(endless: number): string | undefined {
  if (endless === 0) return undefined
  return endless === 1 ? 'one error counts as endless' : `${countText(endless)} errors count as endless`
}

/** The same for a share whose limit is a share: of errors, or of checks. */
export function surelyBeyond(threshold: LoadThreshold, { part, of }: Share): boolean {
  return isUpper(threshold) ? beyond(part, of, threshold.limit) : beyond(of - part, of, 1 - threshold.limit)
}

/** Of two values the one further into, or nearer to, the forbidden side. */
export function worseOf(
  threshold: LoadThreshold,
  one: number | undefined,
  other: number | undefined,
): number | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return isUpper(threshold) ? Math.max(one, other) : Math.min(one, other)
}

function judgeQuantile(threshold: LoadThreshold, quantile: number, figures: Figures): Reading {
  const { response } = figures
  const endless = endlessOf(threshold, figures)
  const counted = response.count + endless
  if (counted === 0) return { state: 'unknown', note: 'nothing was answered' }
  const rank = rankOfQuantile(quantile, counted)
  const value = rank > response.count ? Infinity : response.valueAtRank(rank) / 1000
  const needed = samplesNeeded(quantile)
  const failed = endlessNote(endless)
  const noted = (note: string) => (failed === undefined ? note : `${note}; ${failed}`)
  if (counted >= needed)
    return { state: holds(threshold, value) ? 'kept' : 'broken', value, ...(failed !== undefined && { note: failed }) }
  const few = `${countText(counted)} answers, and ${metricName(threshold.metric)} needs ${countText(needed)}`
  // A service so slow that it answers little must not escape its limit by that.
  if (surelyBroken(threshold, figures))
    return { state: 'broken', value, note: noted(`only ${few}, yet too many are beyond the limit for chance`) }
  return { state: 'unknown', value, note: noted(few) }
}

export function holds({ comparison, limit }: LoadThreshold, value: number): boolean {
  switch (comparison) {
    case '<':
      return value < limit
    case '<=':
      return value <= limit
    case '>':
      return value > limit
    case '>=':
      return value >= limit
  }
}

export function isUpper({ comparison }: LoadThreshold): boolean {
  return comparison === '<' || comparison === '<='
}

/** One-sided exact binomial test: so many, or more, where each had this probability. */
function beyond(part: number, of: number, probability: number): boolean {
  return of > 0 && 1 - binomialCdf(part - 1, of, probability) < SURELY
}
