/** What the engine reads out of a plan before it starts. */
import type { LoadStep } from '@whetstone/model'
import { meanRatePerSecond, peakRatePerSecond, startRatePerSecond } from '../arrivals/rate-curve.ts'
import type { LoadPlan } from '../plan.ts'

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

/** As many as can fall due while the first of them waits for its time-out. A replay may crowd, so it has room for all. */
export function mostWaiting({ closed, shape, ratePerSecond, durationMs, timeoutMs }: LoadPlan): number {
  if (closed) return closed.users + SPARE
  if (shape?.kind === 'replay') return shape.atMs.length + SPARE
  return Math.ceil((peakRatePerSecond(ratePerSecond, shape, durationMs) * timeoutMs) / 1000) + SPARE
}
