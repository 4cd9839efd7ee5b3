/** Theil and Sen's slope: the middle one of the slopes between all pairs of points, so that a few wild points move nothing. */
import type { Interval } from './binomial.ts'
import { kendallChance } from './kendall.ts'

export interface Point {
  readonly x: number
  readonly y: number
}

/** `low` and `high` by Sen (1968), from the distribution of Kendall's S; the noise must be independent from point to point. */
export interface Slope extends Interval {
  /** How often such an interval covers the truth; below what was asked for with too few points (under 5 for 95 %). */
  readonly coverage: number
}

/** The slopes grow with the square: two million at most. */
const MOST_POINTS = 2_000

/** Change of y for each unit of x. Throws RangeError with fewer than two points, more than 2,000, or two at the same x. */
export function theilSen(points: readonly Point[], confidence = 0.95): Slope {
  const count = points.length
  if (count < 2 || count > MOST_POINTS) throw new RangeError(`a slope needs 2 to ${MOST_POINTS} points, not ${count}`)
  const slopes = new Float64Array((count * (count - 1)) / 2)
  let filled = 0
  for (const [at, left] of points.entries()) {
    for (let other = at + 1; other < count; other++) {
      const right = points[other]!
      slopes[filled++] = (right.y - left.y) / (right.x - left.x)
    }
  }
  if (!slopes.every(Number.isFinite)) throw new RangeError('a slope needs finite points, no two at the same x')
  slopes.sort()
  const { depth, coverage } = cutFor(count, confidence)
  return {
    estimate: (slopes[Math.floor((slopes.length - 1) / 2)]! + slopes[Math.floor(slopes.length / 2)]!) / 2,
    low: slopes[depth]!,
    high: slopes[slopes.length - 1 - depth]!,
    coverage,
  }
}

/** How many slopes may be cut off at each end. With the true slope taken away, slopes below zero are as many as falling pairs are by chance. */
function cutFor(count: number, confidence: number): { readonly depth: number; readonly coverage: number } {
  const pairs = (count * (count - 1)) / 2
  const chance = kendallChance(Array.from({ length: count }, () => 1))
  const missedAt = (depth: number) => chance.atLeast(pairs - 2 * depth)
  let depth = 0
  let tooDeep = Math.ceil(pairs / 2)
  while (tooDeep - depth > 1) {
    const middle = Math.floor((depth + tooDeep) / 2)
    if (missedAt(middle) <= (1 - confidence) / 2) depth = middle
    else tooDeep = middle
  }
  return { depth, coverage: 1 - 2 * missedAt(depth) }
}
