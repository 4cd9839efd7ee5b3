/** Quantiles of a sample with intervals that assume nothing about its shape: two order statistics around the estimate. */
import { binomialCdf, type Interval } from './binomial.ts'
import { rankOfQuantile, type Histogram } from './histogram.ts'

export interface QuantileInterval extends Interval {
  /**
   * How often such an interval really covers the truth. Below the confidence asked for when the sample is too small,
   * in which case the interval is cut off at the smallest or largest value.
   */
  readonly coverage: number
}

/** Value of rank ceil(q × n); the same rule as `Histogram.quantile`. NaN for an empty list. */
export function quantile(values: readonly number[], q: number): number {
  if (!(q >= 0 && q <= 1)) throw new RangeError(`a quantile is asked for by a fraction from 0 to 1, not ${q}`)
  return values.length === 0 ? NaN : rising(values)[rankOfQuantile(q, values.length) - 1]!
}

/** Middle value, or the mean of the middle two. NaN for an empty list. */
export function median(values: readonly number[]): number {
  if (values.length === 0) return NaN
  const sorted = rising(values)
  const upper = Math.floor(sorted.length / 2)
  return sorted.length % 2 === 1 ? sorted[upper]! : (sorted[upper - 1]! + sorted[upper]!) / 2
}

/** Quantile with its distribution-free interval. The values must be independent: block figures, not neighbouring requests. */
export function quantileInterval(values: readonly number[], q: number, confidence = 0.95): QuantileInterval {
  const sorted = rising(values)
  return intervalOf(rank => sorted[rank - 1] ?? NaN, sorted.length, q, confidence)
}

/** The same from a histogram, within its 0.1 %. */
export function histogramQuantileInterval(histogram: Histogram, q: number, confidence = 0.95): QuantileInterval {
  return intervalOf(rank => histogram.valueAtRank(rank), histogram.count, q, confidence)
}

function intervalOf(valueAt: (rank: number) => number, count: number, q: number, confidence: number): QuantileInterval {
  if (!(q > 0 && q < 1)) throw new RangeError(`an interval is asked for by a fraction between 0 and 1, not ${q}`)
  if (count === 0) return { estimate: NaN, low: NaN, high: NaN, coverage: 0 }
  const tail = (1 - confidence) / 2
  // The number of values at or below the true quantile is binomial, whatever the distribution.
  const low = Math.max(
    1,
    firstWhere(count, successes => binomialCdf(successes, count, q) > tail),
  )
  const high = Math.min(count, firstWhere(count, successes => binomialCdf(successes, count, q) >= 1 - tail) + 1)
  return {
    estimate: valueAt(rankOfQuantile(q, count)),
    low: valueAt(low),
    high: valueAt(high),
    coverage: binomialCdf(high - 1, count, q) - binomialCdf(low - 1, count, q),
  }
}

/** Smallest of 0 to `last` where `holds` turns true. */
function firstWhere(last: number, holds: (at: number) => boolean): number {
  let low = 0
  let high = last
  while (low < high) {
    const middle = Math.floor((low + high) / 2)
    if (holds(middle)) high = middle
    else low = middle + 1
  }
  return low
}

function rising(values: readonly number[]): number[] {
  return values.toSorted((left, right) => left - right)
}
