/** A quantile of values that resemble their neighbours, such as the response times of a queue, with an interval that knows it. */
import type { Interval } from './binomial.ts'
import { Histogram, rankOfQuantile } from './histogram.ts'
import { normalTail } from './normal-tail.ts'

export interface Block {
  readonly values: Histogram
  /** Requests that never got an answer: larger than any value. Default 0. */
  readonly endless?: number
}

/**
 * Woodruff's interval (1952): how much the share beyond the quantile varies from block to block says how far the rank may be off,
 * and the values at those ranks are its ends. Counting single values instead would take neighbours for independent and give an
 * interval many times too narrow. Blocks must be longer than the resemblance lasts; what is left of it between neighbouring blocks
 * is added. Infinity where the rank lies among the endless; NaN for an empty list.
 * Throws RangeError with fewer than three blocks.
 */
export function blockQuantile(blocks: readonly Block[], q: number, confidence = 0.95): Interval {
  if (blocks.length < 3) throw new RangeError(`a quantile by blocks needs three of them, not ${blocks.length}`)
  const pooled = new Histogram()
  for (const { values } of blocks) pooled.merge(values)
  const sizes = blocks.map(({ values, endless = 0 }) => values.count + endless)
  const count = sizes.reduce((sum, size) => sum + size, 0)
  if (count === 0) return { estimate: NaN, low: NaN, high: NaN }
  const valueAt = (rank: number) => (rank > pooled.count ? Infinity : pooled.valueAtRank(rank))
  const estimate = valueAt(rankOfQuantile(q, count))
  // Where many values are equal, the quantile may be one of them: then the share from it on varies, and the share beyond it not.
  const error = Math.max(...[estimate, justBelow(estimate)].map(at => shareError(blocks, at)))
  const reach = studentQuantile(1 - (1 - confidence) / 2, blocks.length - 1) * error
  return {
    estimate,
    low: valueAt(Math.max(1, Math.floor((q - reach) * count))),
    high: valueAt(Math.ceil((q + reach) * count) + 1),
  }
}

/** Standard error of the share of values above `at`. */
function shareError(blocks: readonly Block[], at: number): number {
  const sizes = blocks.map(({ values, endless = 0 }) => values.count + endless)
  const count = sizes.reduce((sum, size) => sum + size, 0)
  const above = blocks.map(({ values, endless = 0 }) => values.countAbove(at) + endless)
  const share = above.reduce((sum, part) => sum + part, 0) / count
  return Math.sqrt(sumVariance(above.map((part, block) => part - share * sizes[block]!))) / count
}

/** In an earlier bucket of the histogram, whose values share one when they are within 0.2 %. */
function justBelow(value: number): number {
  return Math.max(0, value * (1 - 1 / 256) - 1)
}

/** Of the sum of numbers that sum to zero, each perhaps like the one before it. Never below that of independent ones. */
function sumVariance(off: readonly number[]): number {
  const squares = off.reduce((sum, value) => sum + value * value, 0)
  const neighbours = off.reduce((sum, value, at) => sum + value * (off[at - 1] ?? 0), 0)
  return ((squares + 2 * Math.max(0, neighbours)) * off.length) / (off.length - 1)
}

/** Student's t by the expansion of Abramowitz and Stegun 26.7.5: within 1 % from two degrees of freedom at 97.5 %. */
function studentQuantile(p: number, freedom: number): number {
  const z = normalQuantile(p)
  const z3 = z ** 3
  const z5 = z ** 5
  const z7 = z ** 7
  return (
    z +
    (z3 + z) / (4 * freedom) +
    (5 * z5 + 16 * z3 + 3 * z) / (96 * freedom ** 2) +
    (3 * z7 + 19 * z5 + 17 * z3 - 15 * z) / (384 * freedom ** 3) +
    (79 * z ** 9 + 776 * z7 + 1482 * z5 - 1920 * z3 - 945 * z) / (92_160 * freedom ** 4)
  )
}

/** By bisection: it is asked for a few times a step. */
function normalQuantile(p: number): number {
  let low = 0
  let high = 40
  for (let round = 0; round < 60; round++) {
    const middle = (low + high) / 2
    if (normalTail(middle) > 1 - p) low = middle
    else high = middle
  }
  return low
}
