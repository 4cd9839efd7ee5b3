/** When requests are due: the offered load as a pure sequence of instants, decided before any answer is seen. */
import { exponential, seededRandom } from '@whetstone/stats'
import type { RatePlan } from './rate-curve.ts'
import { rateCurve } from './rate-curve.ts'

/** Each call gives the next instant in milliseconds from the start of the plan; never decreasing, Infinity once the plan is over. */
export type Arrivals = () => number

export interface ArrivalPlan extends RatePlan {
  /** Evenly spaced in the expected number of arrivals, or independent of one another. A replay has its own instants. */
  readonly arrivals: 'uniform' | 'poisson'
  readonly seed: number
}

/**
 * The schedule of a whole plan, warm-up first. Each instant is computed from the number of arrivals expected by then and not
 * from the instant before it, so that no rounding error builds up. A Poisson process of any rate is one of rate 1 whose time is
 * stretched by the inverse of the expected number (Çinlar 1975, Introduction to Stochastic Processes, 4.7).
 */
export function arrivalsOf(plan: ArrivalPlan): Arrivals {
  const paced = pacedArrivals(plan)
  if (plan.shape?.kind !== 'replay') return paced
  return inTurn(paced, replayArrivals(plan.shape.atMs, plan.shape.speed, plan.warmUpMs ?? 0, plan.durationMs))
}

/** The arrivals i with i mod `of` equal to `index`: the parts for 0 to `of` - 1 together are the whole schedule, for any `of`. */
export function segmentOf(arrivals: Arrivals, index: number, of: number): Arrivals {
  let skip = index
  return () => {
    for (; skip > 0; skip--) arrivals()
    skip = of - 1
    return arrivals()
  }
}

function pacedArrivals(plan: ArrivalPlan): Arrivals {
  const pieces = rateCurve(plan)
  const nextCount = plan.arrivals === 'poisson' ? poissonCounts(plan.seed) : evenCounts()
  let at = 0
  let piece = pieces[0]
  let startMs = 0
  let expectedBefore = 0
  return () => {
    const count = nextCount()
    while (piece !== undefined && count - expectedBefore >= piece.expected) {
      startMs += piece.lengthMs
      expectedBefore += piece.expected
      piece = pieces[++at]
    }
    return piece === undefined ? Infinity : startMs + piece.at(count - expectedBefore)
  }
}

function evenCounts(): () => number {
  let index = 0
  return () => index++
}

function poissonCounts(seed: number): () => number {
  const random = seededRandom(seed)
  let expected = 0
  return () => (expected += exponential(random))
}

function replayArrivals(recordedMs: readonly number[], speed: number, startMs: number, durationMs: number): Arrivals {
  let index = 0
  return () => {
    const atMs = (recordedMs[index++] ?? Infinity) / speed
    return atMs < durationMs ? startMs + atMs : Infinity
  }
}

function inTurn(first: Arrivals, second: Arrivals): Arrivals {
  let ended = false
  return () => {
    const at = ended ? Infinity : first()
    if (at !== Infinity) return at
    ended = true
    return second()
  }
}
