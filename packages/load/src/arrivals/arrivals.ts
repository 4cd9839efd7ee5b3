/** When requests are due: the offered load as a pure sequence of instants, decided before any answer is seen. */
import { exponential, seededRandom } from '@whetstone/stats'

/** Each call gives the next instant in milliseconds from the start of the plan; never decreasing, without end. */
export type Arrivals = () => number

/** Evenly spaced. The instant is computed from the index, not summed, so that no rounding error builds up. */
export function uniformArrivals(ratePerSecond: number): Arrivals {
  let index = 0
  return () => (index++ * 1000) / ratePerSecond
}

/** Exponential gaps with the given mean rate: users who do not know about each other. */
export function poissonArrivals(ratePerSecond: number, seed: number): Arrivals {
  const random = seededRandom(seed)
  const meanGapMs = 1000 / ratePerSecond
  let atMs = 0
  return () => (atMs += exponential(random) * meanGapMs)
}
