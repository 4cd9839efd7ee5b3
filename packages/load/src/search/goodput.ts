/** Successful answers a second while the load lasted: what is answered after its end shows a queue, not a throughput. */
import type { LoadStep } from '@whetstone/model'

export interface Goodput {
  readonly perSecond: number
  /** Over how long it was counted. */
  readonly seconds: number
}

/**
 * From the first interval that begins at `fromMs` or later. The last interval also holds what came after the end, so it is left
 * out where there are others.
 */
export function goodputOf({ intervals, durationMs }: LoadStep, fromMs = 0): Goodput {
  const beforeEnd = intervals.slice(0, -1)
  const counted = beforeEnd.filter(({ atMs }) => atMs >= fromMs)
  const [used, endMs] = counted.length > 0 ? [counted, intervals.at(-1)!.atMs] : [intervals, durationMs]
  const seconds = (endMs - (used[0]?.atMs ?? 0)) / 1000
  const answers = used.reduce((sum, { response }) => sum + response.count, 0)
  return { perSecond: seconds > 0 ? answers / seconds : 0, seconds }
}
