/** What limits still say when the generator was late: its lateness lengthens response times and lowers the rate, and touches nothing else. */
import type { LoadStep, LoadThreshold, ThresholdResult } from '@whetstone/model'
import { isUpper } from './figure.ts'

/** Below this the load was less than was asked for, and a limit it kept proves nothing. */
const LEAST_SENT = 0.99
const NOTE = 'the generator was late'

/**
 * Results of the steps, at least one of which has an invalid generator. Errors and checks stay as they were judged; an upper limit
 * of a response time that was kept although the lag is part of it was surely kept, where the load was sent. Others are `unknown`.
 */
export function judgedWhileLate(results: readonly ThresholdResult[], steps: readonly LoadStep[]): ThresholdResult[] {
  const wasSent = steps.every(step => sentFraction(step) >= LEAST_SENT)
  return results.map(result => {
    if (result.state === 'unknown' || isProved(result, wasSent)) return result
    return { ...result, state: 'unknown', note: [NOTE, result.note].filter(Boolean).join('; ') }
  })
}

function isProved({ threshold, state }: ThresholdResult, wasSent: boolean): boolean {
  switch (threshold.metric.kind) {
    case 'errors':
    case 'checks':
      return true
    case 'rate':
      return false
    case 'response':
    case 'service':
      return isTooSlowSaying(threshold, state) ? false : wasSent
  }
}

/** What lateness could have done by itself: an upper limit broken, or a lower one kept. */
function isTooSlowSaying(threshold: LoadThreshold, state: ThresholdResult['state']): boolean {
  return isUpper(threshold) === (state === 'broken')
}

/** Of the requests that fell due; each left a lag. Another tool's record has none, and its rates must do. */
function sentFraction({ achievedRatePerSecond, offeredRatePerSecond, durationMs, lag }: LoadStep): number {
  const due = lag === undefined || lag.count === 0 ? (offeredRatePerSecond * durationMs) / 1000 : lag.count
  return due === 0 ? 1 : (achievedRatePerSecond * durationMs) / 1000 / due
}
