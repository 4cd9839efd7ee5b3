/** Whether answers took longer and longer through a step: then it was no steady state, and a longer step would look worse. */
import type { LoadStep } from '@whetstone/model'
import { Histogram, mannKendall } from '@whetstone/stats'

export interface Growth {
  /** Medians of the first and of the last third of the step. */
  readonly fromMs: number
  readonly toMs: number
}

/** Fewer intervals cannot show a rise that is rarer than the level below. */
const FEWEST_INTERVALS = 6
const LEVEL = 0.01
/** A queue near its limit wanders; only a rise that multiplies the response time is a queue that grows. */
const FACTOR = 1.5

/** Undefined where nothing grows. */
export function growthOf({ intervals }: LoadStep): Growth | undefined {
  const answered = intervals.map(({ response }) => Histogram.fromJSON(response)).filter(({ count }) => count > 0)
  if (answered.length < FEWEST_INTERVALS) return undefined
  const { pRising } = mannKendall(answered.map(histogram => histogram.quantile(0.5)))
  if (pRising >= LEVEL) return undefined
  const third = Math.floor(answered.length / 3)
  const fromMs = medianMs(answered.slice(0, third))
  const toMs = medianMs(answered.slice(-third))
  return toMs >= FACTOR * fromMs ? { fromMs, toMs } : undefined
}

function medianMs(histograms: readonly Histogram[]): number {
  const merged = new Histogram()
  for (const histogram of histograms) merged.merge(histogram)
  return merged.quantile(0.5) / 1000
}
