/** The closed list of units a number may carry, so that no fact is ever a bare figure. */
export type Unit =
  'ms' | 'bytes' | 'count' | 'per-second' | 'fraction' | 'ratio' | 'rows' | 'cost' | 'percent-points' | 'watt-hours'

/** A number with its unit and, where it was estimated, its 95 % interval. */
export interface Quantity {
  readonly value: number
  readonly unit: Unit
  readonly low?: number
  readonly high?: number
}

/** An estimate with the interval it was given. */
export interface Interval {
  readonly estimate: number
  readonly low: number
  readonly high: number
}
