/** The figures of a run as Prometheus keeps them: counters and classic histograms that only rise, and gauges of each interval. */
import type { Body } from './delivery.ts'
import type { FinalTold, MetricEncoder, Told } from './metric-stream.ts'
import type { IntervalContext } from './output.ts'
import { type Total, boundsSeconds } from './totals.ts'
import { type Series, writeRequestBytes } from './write-request.ts'

export const prometheusHeaders = {
  'content-type': 'application/x-protobuf',
  'content-encoding': 'snappy',
  'user-agent': 'whetstone',
  'x-prometheus-remote-write-version': '0.1.0',
}

const gaugeNames = {
  response: 'whetstone_load_response_quantile_seconds',
  rate: 'whetstone_load_rate_per_second',
  lag: 'whetstone_load_lag_quantile_seconds',
}

/**
 * `whetstone_load_requests_total`, `…_errors_total`, `…_response_seconds` (histogram) by route and status class;
 * `…_response_quantile_seconds` and `…_rate_per_second` with and without route, `…_lag_quantile_seconds` of the generator.
 * All carry `job`, `run`, `scenario`, `target` and `purpose`.
 */
export const prometheusEncoder: MetricEncoder = {
  interval({ context, untilMs, gauges, soFar }: Told): Body {
    const common = labelsOf(context)
    return writeRequestBytes([
      ...soFar.flatMap(total => totalSeries(total, common, untilMs)),
      ...gauges.map(({ name, route = '', quantile, value }) => ({
        name: gaugeNames[name],
        labels: { ...common, route, quantile: quantile === undefined ? '' : String(quantile) },
        value,
        timestampMs: untilMs,
      })),
    ])
  },
  /** Counters end on what the report counts, also where a write was lost on the way. */
  final({ context, untilMs, soFar }: FinalTold): Body | undefined {
    if (soFar.length === 0) return undefined
    return writeRequestBytes(soFar.flatMap(total => totalSeries(total, labelsOf(context), untilMs)))
  },
}

function totalSeries(total: Total, common: Readonly<Record<string, string>>, timestampMs: number): Series[] {
  const labels = { ...common, purpose: total.purpose, route: total.route, status_class: total.statusClass }
  const series = (name: string, value: number, le = ''): Series => ({
    name: `whetstone_load_${name}`,
    labels: { ...labels, le },
    value,
    timestampMs,
  })
  const counts = [series('requests_total', total.requests), series('errors_total', total.errors)]
  if (total.answers === 0) return counts
  return [
    ...counts,
    ...boundsSeconds.map((bound, index) => series('response_seconds_bucket', total.atMost[index]!, String(bound))),
    series('response_seconds_bucket', total.answers, '+Inf'),
    series('response_seconds_count', total.answers),
    series('response_seconds_sum', total.sumSeconds),
  ]
}

function labelsOf({ runId, scenario, target, purpose }: IntervalContext): Readonly<Record<string, string>> {
  return { job: 'whetstone', run: runId, scenario, target, purpose }
}
