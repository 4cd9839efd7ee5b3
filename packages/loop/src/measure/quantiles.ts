/** Milliseconds out of saved histograms of microseconds. */
import type { SerializedHistogram } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

/** 0 for an empty histogram. */
export function quantileMs(histogram: SerializedHistogram, q: number): number {
  return histogram.count === 0 ? 0 : Histogram.fromJSON(histogram).quantile(q) / 1_000
}

export function meanOf(histogram: SerializedHistogram): number {
  return histogram.count === 0 ? 0 : histogram.sum / histogram.count
}
