/** What a service tells its monitoring about durations: the names on its metrics page, and whether they hold percentiles. */
export interface MetricsPage {
  readonly durations: readonly DurationMetric[]
}
export interface DurationMetric {
  readonly name: string
  /** `buckets` and `quantiles` show a tail, a `mean` hides it. */
  readonly shape: 'buckets' | 'quantiles' | 'mean'
}
