/** How a run is cut in time: into whole seconds, of which each two become one whenever there are too many. */
import type { LoadInterval } from '@whetstone/model'

export const SECOND_MS = 1000
/** When there are more, each two become one: between 120 and 240 points are what a chart can show. */
export const MOST_INTERVALS = 240

/** Milliseconds; an interval that does not say is a second. */
export function widthOf({ durationMs = SECOND_MS }: LoadInterval): number {
  return durationMs
}
