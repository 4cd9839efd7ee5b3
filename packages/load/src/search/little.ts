/** Requests under way and their throughput, by Little's law, and the scalability curve through them. */
import type { LoadStep, UslSummary } from '@whetstone/model'
import { countText } from '@whetstone/model'
import { fitUsl, seededRandom, type LoadPoint } from '@whetstone/stats'
import { growthOf } from './growth.ts'

/** Successful answers a second, and their mean number under way: rate times mean response time. */
export function loadPoint({ overall, durationMs }: LoadStep): LoadPoint {
  const throughput = (overall.response.count * 1000) / durationMs
  // The histogram sums microseconds.
  return { throughput, concurrency: overall.response.sum / (durationMs * 1000) }
}

/** Fewer points, or closer together, and any curve fits. */
const FEWEST_POINTS = 4
const LEAST_SPREAD = 3

/** Little's law holds in a steady state, so steps whose queue grew are left out. Either a curve, or why there is none or no peak. */
export function uslOf(
  steps: readonly LoadStep[],
  seed: number,
): { readonly usl?: UslSummary; readonly refusal?: string } {
  const points = steps.filter(step => growthOf(step) === undefined && step.overall.response.count > 0).map(loadPoint)
  const concurrencies = points.map(({ concurrency }) => concurrency)
  const spread = points.length === 0 ? 0 : Math.max(...concurrencies) / Math.min(...concurrencies)
  if (new Set(concurrencies).size < FEWEST_POINTS || spread < LEAST_SPREAD) {
    return {
      refusal: `no scalability curve: ${countText(points.length)} steady steps, the busiest with ${spread.toFixed(1)} times the requests under way of the calmest; ${FEWEST_POINTS} and ${LEAST_SPREAD} times are needed`,
    }
  }
  const { single, contention, coherency, errorFraction, knee } = fitUsl(points, { random: seededRandom(seed) })
  const curve = { singlePerSecond: single, contention, coherency, errorFraction }
  if (knee.kind === 'beyond-measured') {
    return {
      usl: curve,
      refusal: `no peak is told: it lies beyond the ${knee.largestMeasured.toFixed(0)} requests under way that were measured`,
    }
  }
  const { concurrency, throughput: ratePerSecond, openAbove } = knee
  return { usl: { ...curve, peak: { concurrency, ratePerSecond, openAbove } } }
}
