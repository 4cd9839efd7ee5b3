/** Wilcoxon's signed-rank test of paired differences: exact, whatever their distribution, with the shift and its interval. */
import type { Interval } from './binomial.ts'
import { normalTail } from './normal-tail.ts'
import { midRanks } from './ranks.ts'

/** `estimate` is Hodges and Lehmann's shift, `low` and `high` its exact interval. */
export interface SignedRank extends Interval {
  /** Two-sided. */
  readonly p: number
  readonly pairs: number
  readonly method: 'exact' | 'normal'
  /**
   * How often such an interval really covers the shift; at least the confidence asked for, save with so few pairs
   * (under 6 for 95 %) that even the widest interval misses it.
   */
  readonly coverage: number
}

/** Up to here all 2^n signs are counted; beyond, the normal approximation is right to three digits. */
const EXACT_UP_TO = 50
/** Walsh averages grow with the square: two million at most. */
const MOST_PAIRS = 2_000

/**
 * Test and estimate of the shift of `differences` from zero. Throws RangeError without any, or with more than 2,000.
 * Zeros are ranked and then left out (Pratt 1959), so that adding a shift can never weaken the evidence for it.
 */
export function signedRank(differences: readonly number[], confidence = 0.95): SignedRank {
  const pairs = differences.length
  if (pairs === 0 || pairs > MOST_PAIRS)
    throw new RangeError(`signed ranks need 1 to ${MOST_PAIRS} pairs, not ${pairs}`)
  if (!differences.every(Number.isFinite)) throw new RangeError('signed ranks need finite differences')
  const walsh = walshAverages(differences)
  const { depth, coverage } = pairs <= EXACT_UP_TO ? exactDepth(pairs, confidence) : normalDepth(pairs, confidence)
  return {
    estimate: middleOf(walsh),
    low: walsh[depth]!,
    high: walsh[walsh.length - 1 - depth]!,
    coverage,
    p: pValue(differences),
    pairs,
    method: pairs <= EXACT_UP_TO ? 'exact' : 'normal',
  }
}

function pValue(differences: readonly number[]): number {
  const ranks = midRanks(differences.map(Math.abs))
  let positive = 0
  const doubled: number[] = []
  for (const [at, difference] of differences.entries()) {
    if (difference === 0) continue
    // Mid-ranks are halves, so twice the rank is whole and can index an array.
    doubled.push(2 * ranks[at]!)
    if (difference > 0) positive += 2 * ranks[at]!
  }
  if (doubled.length === 0) return 1
  const total = doubled.reduce((sum, rank) => sum + rank, 0)
  const smaller = Math.min(positive, total - positive)
  if (differences.length > EXACT_UP_TO) return normalTails(smaller, total, doubled)
  return Math.min(1, 2 * sumTo(signSums(doubled), smaller))
}

/** Probability of each sum of ranks when every sign is a fair coin. */
function signSums(ranks: readonly number[]): Float64Array {
  const total = ranks.reduce((sum, rank) => sum + rank, 0)
  const chances = new Float64Array(total + 1)
  chances[0] = 1
  let reach = 0
  for (const rank of ranks) {
    reach += rank
    for (let sum = reach; sum >= 0; sum--) {
      chances[sum] = (chances[sum]! + (sum >= rank ? chances[sum - rank]! : 0)) / 2
    }
  }
  return chances
}

function sumTo(chances: Float64Array, last: number): number {
  let sum = 0
  for (let at = 0; at <= last; at++) sum += chances[at]!
  return sum
}

/** Two-sided, with the continuity correction of half a rank; the variance from the ranks themselves, so ties are accounted for. */
function normalTails(smaller: number, total: number, doubled: readonly number[]): number {
  const deviation = Math.sqrt(doubled.reduce((sum, rank) => sum + rank * rank, 0)) / 2
  const distance = Math.max(0, total / 2 - smaller - 1)
  return Math.min(1, 2 * normalTail(distance / deviation))
}

/** Means of every pair of differences, each with itself too, by rising size. */
function walshAverages(differences: readonly number[]): Float64Array {
  const averages = new Float64Array((differences.length * (differences.length + 1)) / 2)
  let filled = 0
  for (const [at, left] of differences.entries()) {
    for (let other = at; other < differences.length; other++) averages[filled++] = (left + differences[other]!) / 2
  }
  return averages.sort()
}

function middleOf(rising: Float64Array): number {
  return (rising[Math.floor((rising.length - 1) / 2)]! + rising[Math.floor(rising.length / 2)]!) / 2
}

interface Depth {
  /** How many Walsh averages are cut off at each end. */
  readonly depth: number
  readonly coverage: number
}

/** The deepest cut whose tails, both, stay within 1 - confidence. */
function exactDepth(pairs: number, confidence: number): Depth {
  const chances = signSums(Array.from({ length: pairs }, (_, at) => at + 1))
  let depth = 0
  let tail = chances[0]!
  while (tail + chances[depth + 1]! <= (1 - confidence) / 2) {
    depth++
    tail += chances[depth]!
  }
  return { depth, coverage: 1 - 2 * tail }
}

function normalDepth(pairs: number, confidence: number): Depth {
  const middle = (pairs * (pairs + 1)) / 4
  const deviation = Math.sqrt((pairs * (pairs + 1) * (2 * pairs + 1)) / 24)
  const tailAt = (depth: number) => normalTail((middle - depth - 0.5) / deviation)
  let depth = Math.floor(middle) - 1
  while (depth > 0 && tailAt(depth) > (1 - confidence) / 2) depth--
  return { depth, coverage: 1 - 2 * tailAt(depth) }
}
