/** Adds histograms in their saved form, bucket by bucket: thousands of small ones merge without an array for each. */
import type { SerializedHistogram } from '@whetstone/model'

type Bucket = readonly [index: number, count: number]

/** What recording all their values in one histogram would have given; nothing is rounded. */
export function mergeHistograms(histograms: readonly SerializedHistogram[]): SerializedHistogram {
  const filled = histograms.filter(({ count }) => count > 0)
  return {
    schema: 'log-linear@1',
    digits: 3,
    buckets: filled.map(({ buckets }) => buckets).reduce(addBuckets, []),
    min: filled.length === 0 ? null : Math.min(...filled.map(({ min }) => min!)),
    max: filled.length === 0 ? null : Math.max(...filled.map(({ max }) => max!)),
    sum: filled.reduce((total, { sum }) => total + sum, 0),
    count: filled.reduce((total, { count }) => total + count, 0),
  }
}

/** Both by rising index, and so is the result. */
function addBuckets(left: readonly Bucket[], right: readonly Bucket[]): readonly Bucket[] {
  if (left.length === 0) return right
  const sums: Bucket[] = []
  let next = 0
  for (const bucket of left) {
    while (next < right.length && right[next]![0] < bucket[0]) sums.push(right[next++]!)
    const same = right[next]?.[0] === bucket[0]
    sums.push(same ? [bucket[0], bucket[1] + right[next++]![1]] : bucket)
  }
  return [...sums, ...right.slice(next)]
}
