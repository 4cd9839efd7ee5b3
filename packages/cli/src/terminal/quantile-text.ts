/** A quantile as it is printed: milliseconds, or a dash where so few answers lie beyond it that it says nothing. */
import { msText, type SerializedHistogram } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

/** Where nothing lies beyond a quantile it is the maximum by another name; and p99.9 of few requests is one unlucky one. */
const leastBeyond: Readonly<Record<number, number>> = { 0.9: 1, 0.95: 1, 0.99: 1, 0.999: 10 }

/** @param saved in microseconds */
export function quantileText(saved: SerializedHistogram, q: number): string {
  const isTooFew = saved.count === 0 || saved.count * (1 - q) + 1e-9 < (leastBeyond[q] ?? 0)
  return isTooFew ? '-' : msText(Histogram.fromJSON(saved).quantile(q) / 1_000)
}
