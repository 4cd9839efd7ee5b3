/** Successful answers a second while the load lasted: what is answered after its end shows a queue, not a throughput. */
import type { LoadStep } from '@whetstone/model'

/** The last interval also holds what came after the end, so it is left out where there are others. */
export function goodputPerSecond({ intervals, durationMs }: LoadStep): number {
  const inTime = intervals.length > 1 ? intervals.slice(0, -1) : intervals
  const answered = inTime.reduce((sum, { response }) => sum + response.count, 0)
  const lengthMs = intervals.length > 1 ? intervals.at(-1)!.atMs : durationMs
  return lengthMs === 0 ? 0 : (answered * 1000) / lengthMs
}
