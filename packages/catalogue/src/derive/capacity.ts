/** What earlier capacity tests of this service found, and the law of scaling fitted to their points. */
import type { EarlierLoad, HistoryEvidence, Interval } from '@whetstone/model'
import { fitUsl, seededRandom, type UslFit } from '@whetstone/stats'

export interface MeasuredCapacity {
  readonly load: EarlierLoad
  /** The largest rate that kept the objective. */
  readonly ratePerSecond: Interval
  /** At the largest rate that was answered. */
  readonly concurrency: number
  /** Absent with fewer than six points, or where the law does not fit. */
  readonly fit?: UslFit
}

const fewestPoints = 6
/** The law describes contention; where it misses by more, something else happened. */
const mostError = 0.1
/** Fixed, so that the same points always give the same intervals. */
const fitSeed = 20_260_101

/** Oldest first. Tests that found no limit, or that could not be trusted, tell nothing here. */
export function measuredCapacities({ loads = [] }: HistoryEvidence): readonly MeasuredCapacity[] {
  return loads.flatMap(load => {
    const { capacity, curve = [] } = load
    const isTold = capacity?.outcome === 'found' && load.verdict !== 'invalid' && load.verdict !== 'aborted'
    if (!isTold || !capacity.ratePerSecond) return []
    const points = curve.filter(({ concurrency, ratePerSecond }) => concurrency > 0 && ratePerSecond > 0)
    const top = points.toSorted((a, b) => b.ratePerSecond - a.ratePerSecond)[0]
    const fit = fitted(points)
    return [
      { load, ratePerSecond: capacity.ratePerSecond, concurrency: top?.concurrency ?? 0, ...(fit ? { fit } : {}) },
    ]
  })
}

function fitted(points: NonNullable<EarlierLoad['curve']>): UslFit | undefined {
  const apart = new Set(points.map(({ concurrency }) => concurrency)).size
  if (points.length < fewestPoints || apart < fewestPoints) return undefined
  const fit = fitUsl(
    points.map(({ concurrency, ratePerSecond }) => ({ concurrency, throughput: ratePerSecond })),
    { random: seededRandom(fitSeed) },
  )
  return fit.errorFraction <= mostError ? fit : undefined
}
