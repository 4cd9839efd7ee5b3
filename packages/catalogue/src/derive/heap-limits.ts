/** From when on growth of the heap is a leak rather than a service that settles: the same figures for every practice about memory. */
import type { Threshold } from '@whetstone/model'

export const heapLimits = {
  points: { value: 10, unit: 'count', source: 'with fewer points the Mann-Kendall test sees only perfect trends' },
  pValue: { value: 0.01, unit: 'fraction', source: 'Mann-Kendall, one-sided: one false alarm in a hundred looks' },
  grownBytes: {
    value: 2_000_000,
    unit: 'bytes',
    source: 'three times what the heap of a healthy service was seen to grow in the seconds after its warm-up',
  },
  bytesPerHour: { value: 100_000_000, unit: 'bytes', source: 'fills the usual heap limit of 2 to 4 GB within a day' },
} as const satisfies Readonly<Record<string, Threshold>>
