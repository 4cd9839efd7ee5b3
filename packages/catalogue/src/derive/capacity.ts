/** What earlier capacity tests of this service found, and the law of scaling they fitted to their points. */
import type { EarlierLoad, HistoryEvidence, Interval, UslSummary } from '@whetstone/model'

export interface MeasuredCapacity {
  readonly load: EarlierLoad
  /** The largest rate that kept the objective. */
  readonly ratePerSecond: Interval
  /** Where most was answered of what it sustains. */
  readonly concurrency: number
  /** Absent where the test fitted none, or where the law does not fit. */
  readonly fit?: UslSummary
}

/** The law describes contention; where it misses by more, something else happened. */
const mostError = 0.1

/** Oldest first. Tests that found no limit, or that could not be trusted, tell nothing here. */
export function measuredCapacities({ loads = [] }: HistoryEvidence): readonly MeasuredCapacity[] {
  return loads.flatMap(load => {
    const { capacity, curve = [] } = load
    // A search that fails though it found a rate was refused every request of a route.
    const isTold = load.verdict === 'pass' || load.verdict === 'degraded'
    if (!isTold || capacity?.outcome !== 'found' || !capacity.ratePerSecond) return []
    const { estimate } = capacity.ratePerSecond
    // Above what it sustains a queue grows, and what is under way says only how long the test was.
    const sustained = curve.filter(({ offeredPerSecond = 0 }) => offeredPerSecond <= estimate)
    const top = sustained.toSorted((a, b) => b.ratePerSecond - a.ratePerSecond)[0]
    const fit = capacity.usl && capacity.usl.errorFraction <= mostError ? capacity.usl : undefined
    return [
      { load, ratePerSecond: capacity.ratePerSecond, concurrency: top?.concurrency ?? 0, ...(fit ? { fit } : {}) },
    ]
  })
}
