/** The A/A guard: base blocks of neighbouring pairs held against each other, which says what this machine can tell apart today. */
import { median } from '@whetstone/stats'
import type { BlockMetric } from '@whetstone/model'
import { valueIn, type BlockPair } from './pairs.ts'

/** Median absolute deviation to standard deviation of a normal, which outlier blocks do not inflate. */
const NORMAL_SCALE = 1.4826
/** Two standard errors: half the width of a 95 % interval. */
const STANDARD_ERRORS = 2
/** Below this many comparisons the spread itself is a guess. */
const FEWEST = 3

/**
 * The shift, as a logarithm, that base shows against itself over as many pairs as the trial has; 0 when there are too few blocks to tell.
 * It costs no time, because the base blocks of the trial are used twice: pair 1 with 2, 3 with 4 …
 */
export function baseNoise(pairs: readonly BlockPair[], metric: Pick<BlockMetric, 'route' | 'name'>): number {
  const shifts = baseAgainstBase(pairs, metric)
  if (shifts.length < FEWEST) return 0
  const deviation = NORMAL_SCALE * median(shifts.map(Math.abs))
  return (STANDARD_ERRORS * deviation) / Math.sqrt(pairs.length)
}

/** How many base blocks are held against another one. */
export function guardPairs(pairs: readonly BlockPair[]): number {
  return Math.floor(pairs.length / 2)
}

function baseAgainstBase(pairs: readonly BlockPair[], metric: Pick<BlockMetric, 'route' | 'name'>): number[] {
  const shifts: number[] = []
  for (let at = 0; at + 1 < pairs.length; at += 2) {
    const earlier = valueIn(pairs[at]!.a, metric)
    const later = valueIn(pairs[at + 1]!.a, metric)
    if (earlier !== undefined && later !== undefined && earlier > 0 && later > 0) shifts.push(Math.log(later / earlier))
  }
  return shifts
}
