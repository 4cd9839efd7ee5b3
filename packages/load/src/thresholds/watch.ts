/** Puts the limits of a plan that end it into its run: each second is judged as soon as it is complete. */
import type { LoadThreshold } from '@whetstone/model'
import type { OnSecond } from '../engine/live.ts'
import { LiveJudge } from './live-judge.ts'

/** The listeners of a run with the judging added; unchanged where no limit says `abort`. */
export function watchLimits<O extends { readonly onSecond?: OnSecond }>(
  thresholds: readonly LoadThreshold[] | undefined,
  options: O,
): O {
  if (thresholds === undefined || !thresholds.some(({ abort }) => abort)) return options
  const judge = new LiveJudge(thresholds)
  return {
    ...options,
    onSecond(second, stop, checks) {
      options.onSecond?.(second, stop, checks)
      if (judge.feed(second, checks()) !== undefined) stop()
    },
  }
}
