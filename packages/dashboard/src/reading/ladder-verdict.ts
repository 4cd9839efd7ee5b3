/** What a ladder showed, as the sentence a reader sees first and the one below it. */
import type { LadderReport } from '@whetstone/model'
import { formatGain, formatMs, formatNumber, plural } from './format.ts'

export function ladderVerdictOf({ rungs, offeredRatePerSecond }: LadderReport): {
  readonly sentence: string
  readonly detail: string
} {
  const [first, last] = [rungs[0], rungs.at(-1)]
  if (first === undefined || last === undefined || rungs.length < 2)
    return { sentence: 'Nothing was climbed', detail: 'It ended before the second rung.' }
  const invalid = rungs.filter(({ generator }) => generator === 'invalid').length
  const doubt = invalid === 0 ? '' : ` On ${plural(invalid, 'rung')} the load generator was the limit; measure again.`
  return {
    sentence: `p95 went from ${formatMs(first.p95Ms)} to ${formatMs(last.p95Ms)} over ${plural(rungs.length - 1, 'change')}`,
    detail: `${formatGain(last.p95Ms / first.p95Ms)} at p95, at ${formatNumber(offeredRatePerSecond)} requests per second in an open model. One run a rung, so small steps may be noise: a trial would say.${doubt}`,
  }
}
