/** Puts the limits of a plan that end it into its run: each second is judged as soon as it is complete. */
import type { LoadInterval, LoadThreshold } from '@whetstone/model'
import type { InProcessOptions } from '../run-in-process.ts'
import { LiveJudge } from './live-judge.ts'

type Listeners = Pick<InProcessOptions, 'onSecond' | 'onSoFar'>

/** The listeners of a run with the judging added; unchanged where no limit says `abort`. */
export function watchLimits<O extends Listeners>(thresholds: readonly LoadThreshold[] | undefined, options: O): O {
  if (thresholds === undefined || !thresholds.some(({ abort }) => abort)) return options
  const judge = new LiveJudge(thresholds)
  let last: { readonly second: LoadInterval; readonly stop: () => void } | undefined
  return {
    ...options,
    onSecond(second, stop) {
      options.onSecond?.(second, stop)
      last = { second, stop }
    },
    // Called after the second, with the checks that have been counted by then.
    onSoFar(step) {
      options.onSoFar?.(step)
      if (last !== undefined && judge.feed(last.second, step.checks) !== undefined) last.stop()
    },
  }
}
