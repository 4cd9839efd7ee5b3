/** Reads the saved histogram: its buckets as values, its quantiles, its sum with others, without the class that recorded it. */
import type { SerializedHistogram } from '@whetstone/model'

/** The layout of `log-linear@1`: 512 linear buckets in each power of two, below 1,024 one bucket a value. */
const SUB_BUCKETS = 512
const EXACT_BELOW = 2 * SUB_BUCKETS

/** Middle of the bucket, in the unit that was recorded (microseconds for latency). */
export function valueOfBucket(index: number): number {
  if (index < EXACT_BELOW) return index
  const width = 2 ** (Math.floor(index / SUB_BUCKETS) - 1)
  return ((index % SUB_BUCKETS) + SUB_BUCKETS) * width + (width - 1) / 2
}

/** Value at or below which the fraction `q` of all values lies, by nearest rank; undefined when empty. */
export function quantileOf(histogram: SerializedHistogram, q: number): number | undefined {
  const rank = Math.min(histogram.count, Math.max(1, Math.ceil(q * histogram.count - 1e-9)))
  let seen = 0
  for (const [index, count] of histogram.buckets) {
    seen += count
    if (seen >= rank) return valueOfBucket(index)
  }
  return undefined
}

/** Undefined, too, where nothing lies beyond the quantile, which would be the maximum by another name. */
export function toldQuantileMs(histogram: SerializedHistogram, q: number): number | undefined {
  return q > 0.5 && histogram.count * (1 - q) + 1e-9 < 1 ? undefined : quantileMs(histogram, q)
}

/** Latency histograms hold microseconds; pages speak milliseconds. */
export function quantileMs(histogram: SerializedHistogram, q: number): number | undefined {
  const value = quantileOf(histogram, q)
  return value === undefined ? undefined : value / 1000
}

export function merged(histograms: readonly SerializedHistogram[]): SerializedHistogram {
  const counts = new Map<number, number>()
  let [count, sum, min, max] = [0, 0, Infinity, -Infinity]
  for (const histogram of histograms) {
    for (const [index, number] of histogram.buckets) counts.set(index, (counts.get(index) ?? 0) + number)
    count += histogram.count
    sum += histogram.sum
    if (histogram.count > 0) {
      min = Math.min(min, histogram.min ?? Infinity)
      max = Math.max(max, histogram.max ?? -Infinity)
    }
  }
  const buckets = [...counts].sort(([a], [b]) => a - b)
  return {
    schema: 'log-linear@1',
    digits: 3,
    count,
    sum,
    min: count === 0 ? null : min,
    max: count === 0 ? null : max,
    buckets,
  }
}
