/** Whether the generator itself can be trusted: a late generator measures its own lateness and calls it the service's. */
import { type GeneratorHealth, msText, percentText } from '@whetstone/model'

export interface GeneratorReadings {
  readonly lagP50Ms: number
  readonly lagP99Ms: number
  readonly lagMaxMs: number
  readonly responseP99Ms: number
  /** Requests the generator came round to within the step, as a fraction of those that were due. */
  readonly noticedFraction: number
  /** Requests actually written, as a fraction of those that were due. */
  readonly sentFraction: number
  readonly cpuFraction: number
  readonly loopDelayP99Ms: number
  /** It waits by turning its loop, so that a busy core is its manner and no sign of trouble; its lag still is. */
  readonly spins?: boolean
}

/** Below this, lag is what a libuv timer does on an idle machine. */
const TIMER_LAG_MS = 1
/** Below this, lag and loop delay are what a busy two-core host did to every send technique tried (1 to 5 ms at p99). */
const BUSY_HOST_LAG_MS = 5
const DEGRADED_SHARE = 0.1
const INVALID_SHARE = 0.25
const MIN_RATE_FRACTION = 0.99
const MAX_CPU_FRACTION = 0.85

/** Lag and loop delay are judged against the response time they distort; a run that is `invalid` must never be used as evidence. */
export function judgeGenerator(readings: GeneratorReadings): GeneratorHealth {
  const { lagP50Ms, lagP99Ms, lagMaxMs, responseP99Ms, cpuFraction, loopDelayP99Ms } = readings
  const invalid: string[] = []
  const degraded: string[] = []
  const lag = `sends were late by ${msText(lagP99Ms)} at p99, against a response p99 of ${msText(responseP99Ms)}`
  if (lagP99Ms > Math.max(BUSY_HOST_LAG_MS, INVALID_SHARE * responseP99Ms)) invalid.push(lag)
  else if (lagP99Ms > Math.max(TIMER_LAG_MS, DEGRADED_SHARE * responseP99Ms)) degraded.push(lag)
  const delay = `the generator's event loop was blocked for ${msText(loopDelayP99Ms)} at p99`
  if (loopDelayP99Ms > Math.max(BUSY_HOST_LAG_MS, INVALID_SHARE * responseP99Ms)) invalid.push(delay)
  else if (loopDelayP99Ms > BUSY_HOST_LAG_MS) degraded.push(delay)
  if (cpuFraction > MAX_CPU_FRACTION && readings.spins !== true)
    invalid.push(`the generator used ${percentText(cpuFraction)} of a core`)
  if (readings.noticedFraction < MIN_RATE_FRACTION) {
    invalid.push(`the generator came round to only ${percentText(readings.noticedFraction)} of the requests in time`)
  } else if (readings.sentFraction < MIN_RATE_FRACTION) {
    // The service's doing, not ours: response times count that wait, so they stay true. But it is no steady state.
    degraded.push(`only ${percentText(readings.sentFraction)} of the offered requests found a connection in time`)
  }
  const verdict = invalid.length > 0 ? 'invalid' : degraded.length > 0 ? 'degraded' : 'healthy'
  return { verdict, reasons: [...invalid, ...degraded], lagP50Ms, lagP99Ms, lagMaxMs, cpuFraction }
}
