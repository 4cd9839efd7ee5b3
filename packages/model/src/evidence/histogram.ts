/** The saved form of a histogram: sparse buckets that merge exactly, values in microseconds unless a field says otherwise. */
export interface SerializedHistogram {
  readonly schema: 'log-linear@1'
  readonly digits: number
  readonly count: number
  /** `null` when nothing was recorded. */
  readonly min: number | null
  readonly max: number | null
  readonly sum: number
  readonly buckets: readonly (readonly [index: number, count: number])[]
}
