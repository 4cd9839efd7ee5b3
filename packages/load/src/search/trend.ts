/** Whether a figure grows while the load does not. */
import type { Trend } from '@whetstone/model'
import { mannKendall, median, theilSen } from '@whetstone/stats'

export type TrendPoint = Trend['points'][number]

/** So many are counted exactly, and each stands for enough readings that neighbours differ by more than the same pause. */
const MOST_POINTS = 40
/** With fewer, hardly any growth is rarer than the level. */
const FEWEST_POINTS = 10
const LEVEL = 0.01
/** Growth over the test, as a fraction of the figure: less is of no use to know, or within what warming up does. */
const LEAST_GROWTH = 0.02
/** A figure that surely grows by less over the whole test counts as steady. */
const STEADY_WITHIN = 0.1
/** Neighbours that resemble each other more than this are taken together. */
const MOST_RESEMBLANCE = 0.25

/**
 * Points by rising time. `grows` only where the trend is rarer than one in a hundred series without one, its slope surely above
 * zero, and the growth over the test at least 2 %; `steady` where even the upper end of the slope would add no more than 10 %.
 */
export function trendOf(metric: Trend['metric'], unit: Trend['unit'], readings: readonly TrendPoint[]): Trend {
  const points = independent(blocked(readings, MOST_POINTS))
  if (points.length < FEWEST_POINTS) return { metric, unit, points, verdict: 'unclear' }
  const slope = theilSen(points.map(({ atMs, value }) => ({ x: atMs / 3_600_000, y: value })))
  const { pRising } = mannKendall(points.map(({ value }) => value))
  const hours = (points.at(-1)!.atMs - points[0]!.atMs) / 3_600_000
  const level = Math.abs(median(points.map(({ value }) => value)))
  const grows = pRising < LEVEL && slope.low > 0 && slope.estimate * hours >= LEAST_GROWTH * level
  const isSteady = slope.high * hours <= STEADY_WITHIN * level
  return {
    metric,
    unit,
    points,
    slopePerHour: { estimate: slope.estimate, low: slope.low, high: slope.high },
    pValue: pRising,
    verdict: grows ? 'grows' : isSteady ? 'steady' : 'unclear',
  }
}

/** Medians of at most so many equal parts, each at the middle of its time. */
function blocked(points: readonly TrendPoint[], most: number): TrendPoint[] {
  const parts = Math.min(most, points.length)
  const edge = (part: number) => Math.round((part * points.length) / parts)
  return Array.from({ length: parts }, (_, part) => {
    const own = points.slice(edge(part), edge(part + 1))
    return { atMs: (own[0]!.atMs + own.at(-1)!.atMs) / 2, value: median(own.map(({ value }) => value)) }
  })
}

/** The tests ask for independent values: as long as neighbours resemble each other, two become one. */
function independent(points: readonly TrendPoint[]): readonly TrendPoint[] {
  if (points.length < 2 * FEWEST_POINTS || resemblance(points) <= MOST_RESEMBLANCE) return points
  return independent(blocked(points, Math.ceil(points.length / 2)))
}

/** Correlation of each value with the one before it, after the trend is taken away. */
function resemblance(points: readonly TrendPoint[]): number {
  const { estimate } = theilSen(points.map(({ atMs, value }) => ({ x: atMs, y: value })))
  const rest = points.map(({ atMs, value }) => value - estimate * atMs)
  const middle = rest.reduce((sum, value) => sum + value, 0) / rest.length
  const squares = rest.reduce((sum, value) => sum + (value - middle) ** 2, 0)
  const products = rest.reduce(
    (sum, value, at) => (at === 0 ? 0 : sum + (value - middle) * (rest[at - 1]! - middle)),
    0,
  )
  return squares === 0 ? 0 : products / squares
}
