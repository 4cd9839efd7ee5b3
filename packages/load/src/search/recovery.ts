/** How long a service took to be itself again after more than it could bear. */
import type { LoadInterval } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

/** So far above its calm p95 a service counts as back: above what one second differs from another, below what users notice. */
const BACK_WITHIN = 1.5
/** And by so much always: where calm is half a millisecond, one collection of garbage is more than that. */
const BACK_WITHIN_MS = 5
/** One good second among bad ones is luck. */
const CALM_INTERVALS = 3
const MOST_ERRORS = 0.01

/**
 * From `fromMs` to the first of three intervals in a row that were back, all three with at most 1 % errors; undefined where it
 * never was. Intervals in which no request ended say nothing and are passed over; those that began before `fromMs` do not count.
 */
export function recoveryMs(intervals: readonly LoadInterval[], fromMs: number, calmP95Ms: number): number | undefined {
  let calm: LoadInterval[] = []
  for (const interval of intervals) {
    if (interval.atMs < fromMs || interval.requests === 0) continue
    calm = isBack(interval, calmP95Ms) ? [...calm, interval] : []
    if (calm.length === CALM_INTERVALS) return calm[0]!.atMs - fromMs
  }
  return undefined
}

/** Of the intervals together; NaN where nothing was answered. */
export function p95Ms(intervals: readonly LoadInterval[]): number {
  const merged = new Histogram()
  for (const { response } of intervals) merged.merge(Histogram.fromJSON(response))
  return merged.quantile(0.95) / 1000
}

function isBack({ response, requests, errors }: LoadInterval, calmP95Ms: number): boolean {
  if (response.count === 0 || errors > MOST_ERRORS * requests) return false
  return (
    Histogram.fromJSON(response).quantile(0.95) / 1000 <= Math.max(BACK_WITHIN * calmP95Ms, calmP95Ms + BACK_WITHIN_MS)
  )
}
