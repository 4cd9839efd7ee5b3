/** What the engine reads out of a plan before it starts. */
import type { LoadStep } from '@whetstone/model'
import { meanRatePerSecond, peakRatePerSecond, startRatePerSecond } from '../arrivals/rate-curve.ts'
import type { LoadPlan } from '../plan.ts'
import type { CompiledScenario } from '../scenario/compiled.ts'

/** Requests beyond those that can wait for their time-out together, sent in one turn of the loop. */
const SPARE = 64

export function arrivalsName({ closed, shape, arrivals }: LoadPlan): LoadStep['arrivals'] {
  if (closed) return 'closed'
  return shape?.kind === 'replay' ? 'replay' : arrivals
}

/** Of the warm-up. */
export function startRate({ shape, ratePerSecond, durationMs }: LoadPlan): number {
  return startRatePerSecond(ratePerSecond, shape, durationMs)
}

export function meanRate({ shape, ratePerSecond, durationMs }: LoadPlan): number {
  return shape === undefined ? ratePerSecond : meanRatePerSecond(shape, durationMs)
}

/** The most one arrival sends: the requests of the longest flow. */
export function requestsPerUser({ flows }: CompiledScenario): number {
  return Math.max(1, ...flows.map(({ steps }) => steps.filter(({ kind }) => kind === 'request').length))
}

/**
 * As many as can fall due while the first of them waits for its time-out. A replay may crowd, so it has room for all; a user
 * with several steps asks again as often as its flow has requests.
 */
export function mostWaiting(
  { closed, shape, ratePerSecond, durationMs, timeoutMs }: LoadPlan,
  scenario: CompiledScenario,
): number {
  const perArrival = requestsPerUser(scenario)
  if (closed) return closed.users + SPARE
  if (shape?.kind === 'replay') return shape.atMs.length * perArrival + SPARE
  const peakPerSecond = peakRatePerSecond(ratePerSecond, shape, durationMs) * perArrival
  return Math.ceil((peakPerSecond * timeoutMs) / 1000) + SPARE
}
