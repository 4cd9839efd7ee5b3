/** Spearman's rank correlation: whether two figures rise together, without asking for a straight line. */
import { midRanks } from './ranks.ts'

/** From -1 to 1; NaN for fewer than two pairs, or when one side never changes. Throws RangeError on lists of unequal length. */
export function spearman(left: readonly number[], right: readonly number[]): number {
  if (left.length !== right.length)
    throw new RangeError(`pairs are needed, not ${left.length} and ${right.length} values`)
  return pearson(midRanks(left), midRanks(right))
}

function pearson(left: readonly number[], right: readonly number[]): number {
  const leftMean = meanOf(left)
  const rightMean = meanOf(right)
  let product = 0
  let leftSquares = 0
  let rightSquares = 0
  for (const [at, value] of left.entries()) {
    const leftOff = value - leftMean
    const rightOff = right[at]! - rightMean
    product += leftOff * rightOff
    leftSquares += leftOff * leftOff
    rightSquares += rightOff * rightOff
  }
  const scale = Math.sqrt(leftSquares) * Math.sqrt(rightSquares)
  return scale === 0 ? NaN : Math.min(1, Math.max(-1, product / scale))
}

function meanOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length
}
