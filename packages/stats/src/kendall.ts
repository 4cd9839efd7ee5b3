/** What Kendall's S, the rising pairs less the falling ones, does by chance alone: counted for short series, normal for long ones. */
import { normalTail } from './normal-tail.ts'

export interface KendallChance {
  readonly method: 'exact' | 'normal'
  /** P(S >= s) when every order of the values is equally likely. */
  atLeast(s: number): number
}

/** Up to here every order is counted; beyond, the normal approximation is right to three digits. */
const EXACT_UP_TO = 50

/** @param tieSizes how many share each value; all 1 where no two are equal */
export function kendallChance(tieSizes: readonly number[]): KendallChance {
  const count = tieSizes.reduce((sum, size) => sum + size, 0)
  return count <= EXACT_UP_TO ? exact(tieSizes) : normal(tieSizes, count)
}

function exact(tieSizes: readonly number[]): KendallChance {
  let falling = new Float64Array([1])
  let placed = 0
  for (const size of tieSizes) {
    falling = convolved(falling, fallingPairs(size, placed))
    placed += size
  }
  // Pairs that are not tied rise or fall, so the falling ones alone give S, and their spread is symmetric.
  const pairs = falling.length - 1
  const cumulative = new Float64Array(falling.length)
  let sum = 0
  for (let at = 0; at <= pairs; at++) cumulative[at] = sum += falling[at]!
  return {
    method: 'exact',
    atLeast: s => {
      const most = Math.floor((pairs - s) / 2)
      return most < 0 ? 0 : Math.min(1, cumulative[Math.min(most, pairs)]!)
    },
  }
}

/**
 * Chance of each number of falling pairs when `size` equal values are dealt among `others` that are smaller: the coefficients of
 * the Gaussian binomial, divided by their sum. Built by Pascal's rule, which only adds and so keeps every digit.
 */
function fallingPairs(size: number, others: number): Float64Array {
  // row[k] belongs to k values dealt among those placed so far.
  let row: Float64Array[] = Array.from({ length: size + 1 }, () => new Float64Array([1]))
  for (let among = 1; among <= others; among++) {
    const next: Float64Array[] = [new Float64Array([1])]
    for (let dealt = 1; dealt <= size; dealt++) {
      // The last place is one of the dealt, with nothing smaller behind it, or one of the others, with all of the dealt before it.
      const sum = new Float64Array(dealt * among + 1)
      const lastIsDealt = dealt / (dealt + among)
      addShifted(sum, next[dealt - 1]!, 0, lastIsDealt)
      addShifted(sum, row[dealt]!, dealt, 1 - lastIsDealt)
      next.push(sum)
    }
    row = next
  }
  return row[size]!
}

function convolved(left: Float64Array, right: Float64Array): Float64Array<ArrayBuffer> {
  const sum = new Float64Array(left.length + right.length - 1)
  for (const [at, share] of right.entries()) addShifted(sum, left, at, share)
  return sum
}

function addShifted(sum: Float64Array, chances: Float64Array, by: number, share: number): void {
  // By index: this is the innermost loop, and an iterator would make it ten times slower.
  for (let at = 0; at < chances.length; at++) sum[at + by]! += chances[at]! * share
}

/** Variance with the correction for ties of Kendall (1970), Rank Correlation Methods, 4.4; S moves in steps of two, hence the 1. */
function normal(tieSizes: readonly number[], count: number): KendallChance {
  const spread = (size: number) => size * (size - 1) * (2 * size + 5)
  const variance = (spread(count) - tieSizes.reduce((sum, size) => sum + spread(size), 0)) / 18
  const tail = (z: number) => (z >= 0 ? normalTail(z) : 1 - normalTail(-z))
  return { method: 'normal', atLeast: s => (variance === 0 ? (s <= 0 ? 1 : 0) : tail((s - 1) / Math.sqrt(variance))) }
}
