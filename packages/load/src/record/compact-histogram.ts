/** A histogram at rest: sixteen bytes a filled bucket, so that the intervals of a long run stay small. */
import type { SerializedHistogram } from '@whetstone/model'
import type { Histogram } from '@whetstone/stats'

export interface CompactHistogram {
  readonly count: number
  readonly min: number
  readonly max: number
  readonly sum: number
  /** Bucket index and count in turn, by rising index. */
  readonly buckets: Float64Array
}

export const emptyCompact: CompactHistogram = { count: 0, min: 0, max: 0, sum: 0, buckets: new Float64Array(0) }

export function compactOf(histogram: Histogram): CompactHistogram {
  if (histogram.count === 0) return emptyCompact
  return {
    count: histogram.count,
    min: histogram.min,
    max: histogram.max,
    sum: histogram.sum,
    buckets: histogram.filledBuckets(),
  }
}

/** Bucket by bucket: what recording all values in one histogram would give. */
export function mergedCompact(a: CompactHistogram, b: CompactHistogram): CompactHistogram {
  if (a.count === 0) return b
  if (b.count === 0) return a
  const buckets = new Float64Array(a.buckets.length + b.buckets.length)
  let length = 0
  let left = 0
  let right = 0
  while (left < a.buckets.length || right < b.buckets.length) {
    const leftIndex = a.buckets[left] ?? Infinity
    const rightIndex = b.buckets[right] ?? Infinity
    buckets[length] = Math.min(leftIndex, rightIndex)
    buckets[length + 1] =
      (leftIndex <= rightIndex ? a.buckets[left + 1]! : 0) + (rightIndex <= leftIndex ? b.buckets[right + 1]! : 0)
    if (leftIndex <= rightIndex) left += 2
    if (rightIndex <= leftIndex) right += 2
    length += 2
  }
  return {
    count: a.count + b.count,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
    sum: a.sum + b.sum,
    // A copy of the used part; a view would keep the whole.
    buckets: buckets.slice(0, length),
  }
}

export function serializedCompact({ count, min, max, sum, buckets }: CompactHistogram): SerializedHistogram {
  return {
    schema: 'log-linear@1',
    digits: 3,
    buckets: Array.from({ length: buckets.length / 2 }, (_, at) => [buckets[2 * at]!, buckets[2 * at + 1]!] as const),
    min: count === 0 ? null : min,
    max: count === 0 ? null : max,
    sum,
    count,
  }
}
