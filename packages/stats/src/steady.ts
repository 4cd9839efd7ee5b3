/** Where a series settles: which values at its beginning belong to the warm-up, and whether it settles at all. */
import { mannKendall } from './mann-kendall.ts'
import { median } from './quantile.ts'
import { midRanks } from './ranks.ts'

export interface Steadiness {
  /** False when it still changes at the end, or settles so late that less than half would be left. */
  readonly steady: boolean
  /** How many values at the beginning are to be left out; 0 where it is not steady. */
  readonly from: number
}

/** Fewer values tell nothing: a trend of ten and none look alike. */
const FEWEST_VALUES = 10
/** The rest is tested for a trend by this many medians, so that neighbours that resemble each other count as one. */
const TREND_BLOCKS = 15
const TREND_LEVEL = 0.01

/**
 * Of figures taken one after the other, such as the median of each second; undefined for fewer than ten.
 *
 * The cut is where the standard error of the rest is smallest: MSER of White (1997), the rule Hoad, Robinson and Davies (2010)
 * chose among dozens; as with them, a cut in the second half means that the series is too short. It is applied to ranks,
 * because one slow second would otherwise cut off all that went before it, and what is kept must show no trend (Mann-Kendall,
 * 1 %), because the rule alone accepts four of five drifts of six times the noise.
 */
export function steadyFrom(values: readonly number[]): Steadiness | undefined {
  if (values.length < FEWEST_VALUES) return undefined
  const ranks = midRanks(values)
  const from = smallestError(ranks)
  const steady = from < Math.floor(values.length / 2) && !hasTrend(ranks.slice(from))
  return { steady, from: steady ? from : 0 }
}

/** The smallest number of values left out, up to half, for which the variance of the rest over its size is least. */
function smallestError(values: readonly number[]): number {
  const last = Math.floor(values.length / 2)
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length
  let sum = 0
  let squares = 0
  let from = 0
  let least = Infinity
  for (let at = values.length - 1; at >= 0; at--) {
    const off = values[at]! - mean
    sum += off
    squares += off * off
    const kept = values.length - at
    const error = (squares - (sum * sum) / kept) / (kept * kept)
    if (at <= last && error <= least) {
      least = error
      from = at
    }
  }
  return from
}

function hasTrend(values: readonly number[]): boolean {
  const blocks = Math.min(TREND_BLOCKS, values.length)
  const edge = (block: number) => Math.round((block * values.length) / blocks)
  const medians = Array.from({ length: blocks }, (_, block) => median(values.slice(edge(block), edge(block + 1))))
  const { pRising, pFalling } = mannKendall(medians)
  return 2 * Math.min(pRising, pFalling) < TREND_LEVEL
}
