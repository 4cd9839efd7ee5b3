/** Mann and Kendall's test: does a series rise or fall, whatever its distribution and whether or not the line is straight? */
import { kendallChance } from './kendall.ts'

export interface MannKendall {
  /** Rising pairs less falling ones. */
  readonly s: number
  /** s as a fraction of the pairs that are not tied; from -1 to 1, NaN when all values are equal. */
  readonly tau: number
  /** Chance of so much rising, or more, in a series without a trend. */
  readonly pRising: number
  /** The same for falling. */
  readonly pFalling: number
  readonly method: 'exact' | 'normal'
}

/** The pairs grow with the square: two million at most. */
const MOST_VALUES = 2_000

/**
 * The values must be independent but for the trend; neighbours of a smooth series are not, and make it cry wolf.
 * Throws RangeError without values, with more than 2,000, or on any that is not finite.
 */
export function mannKendall(values: readonly number[]): MannKendall {
  if (values.length === 0 || values.length > MOST_VALUES)
    throw new RangeError(`a trend is tested over 1 to ${MOST_VALUES} values, not ${values.length}`)
  if (!values.every(Number.isFinite)) throw new RangeError('a trend is tested over finite values')
  let s = 0
  let untied = 0
  for (const [at, left] of values.entries()) {
    for (let other = at + 1; other < values.length; other++) {
      const sign = Math.sign(values[other]! - left)
      s += sign
      untied += Math.abs(sign)
    }
  }
  const chance = kendallChance(tieSizesOf(values))
  return {
    s,
    tau: s / untied,
    pRising: chance.atLeast(s),
    pFalling: chance.atLeast(-s),
    method: chance.method,
  }
}

function tieSizesOf(values: readonly number[]): number[] {
  const sizes = new Map<number, number>()
  // -0 and 0 are one value, as they are to the comparison above.
  for (const value of values) sizes.set(value + 0, (sizes.get(value + 0) ?? 0) + 1)
  return [...sizes.values()]
}
