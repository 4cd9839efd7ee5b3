/** Whether a result proves its practice: only what does is kept. */
import type { Experiment } from './define.ts'
import { missedHits } from './hit-fraction.ts'
import type { ExperimentResult } from './measure.ts'

type Judged = Pick<
  ExperimentResult,
  'reportedOnBefore' | 'silentOnAfter' | 'metric' | 'ratio' | 'verdict' | 'hitFraction'
>

/** What is not proved, in words; empty when everything is. That the answers agree was asserted while measuring. */
export function unproved(result: Judged, { expects }: Pick<Experiment, 'expects'>): readonly string[] {
  const { reportedOnBefore, silentOnAfter, metric, ratio, verdict, hitFraction } = result
  const times = (value: number) => `${value.toPrecision(3)} times`
  return [
    ...(reportedOnBefore ? [] : ['not reported on its fault']),
    ...(silentOnAfter ? [] : ['still reported on its remedy']),
    ...(verdict === 'better' ? [] : [`verdict ${verdict}`]),
    ...(ratio.low > 1 ? [] : [`the interval of ${metric} reaches down to ${times(ratio.low)}`]),
    ...(ratio.estimate >= expects.atLeast
      ? []
      : [`${metric} is ${times(ratio.estimate)} better, expected ${times(expects.atLeast)}`]),
    ...missedHits(hitFraction, 'filled'),
  ]
}
