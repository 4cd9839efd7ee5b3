/** The figures of a run as OpenTelemetry metrics: the JSON of an ExportMetricsServiceRequest, deltas of each interval. */
import type { Body } from './delivery.ts'
import type { Gauge } from './gauges.ts'
import type { FinalTold, MetricEncoder, Told } from './metric-stream.ts'
import type { IntervalContext } from './output.ts'
import { type Total, boundsSeconds } from './totals.ts'

export const otlpHeaders = { 'content-type': 'application/json', 'user-agent': 'whetstone' }

/** AGGREGATION_TEMPORALITY_DELTA of opentelemetry.proto.metrics.v1. */
const DELTA = 1

const gaugeMetrics = {
  response: { name: 'whetstone.load.response.quantile', unit: 's' },
  rate: { name: 'whetstone.load.rate', unit: '{request}/s' },
  lag: { name: 'whetstone.load.lag.quantile', unit: 's' },
}

interface Span {
  readonly startTimeUnixNano: string
  readonly timeUnixNano: string
}

/** `whetstone.load.requests`, `.errors`, `.response` by route and status class; gauges as those of Prometheus. */
export const otlpEncoder: MetricEncoder = {
  interval({ context, fromMs, untilMs, gauges, since }: Told): Body {
    return exportRequest(context, [
      ...totalMetrics(since, spanOf(fromMs, untilMs)),
      ...gaugeMetricsOf(context, gauges, untilMs),
    ])
  },
  final({ context, fromMs, untilMs, since }: FinalTold): Body | undefined {
    return since.length === 0 ? undefined : exportRequest(context, totalMetrics(since, spanOf(fromMs, untilMs)))
  },
}

function exportRequest({ runId, scenario, target }: IntervalContext, metrics: readonly object[]): string {
  const resource = {
    'service.name': 'whetstone',
    'whetstone.run': runId,
    'whetstone.scenario': scenario,
    'whetstone.target': target,
  }
  return JSON.stringify({
    resourceMetrics: [
      {
        resource: { attributes: attributesOf(resource) },
        scopeMetrics: [{ scope: { name: '@whetstone/load' }, metrics }],
      },
    ],
  })
}

function totalMetrics(totals: readonly Total[], span: Span): object[] {
  const answered = totals.filter(({ answers }) => answers > 0)
  const failed = totals.filter(({ errors }) => errors > 0)
  const sum = (of: readonly Total[], valueOf: (total: Total) => number) => ({
    aggregationTemporality: DELTA,
    isMonotonic: true,
    // 64-bit integers are strings in the JSON of protobuf.
    dataPoints: of.map(total => ({ ...span, attributes: totalAttributes(total), asInt: String(valueOf(total)) })),
  })
  return [
    { name: 'whetstone.load.requests', unit: '{request}', sum: sum(totals, total => total.requests) },
    { name: 'whetstone.load.errors', unit: '{request}', sum: sum(failed, total => total.errors) },
    {
      name: 'whetstone.load.response',
      unit: 's',
      histogram: {
        aggregationTemporality: DELTA,
        dataPoints: answered.map(total => ({ ...span, ...histogramPoint(total) })),
      },
    },
  ].filter(({ sum, histogram }) => (sum ?? histogram!).dataPoints.length > 0)
}

function histogramPoint(total: Total): object {
  // One more bucket than bounds, each holding what lies above the bound before it.
  const cumulative = [...total.atMost, total.answers]
  return {
    attributes: totalAttributes(total),
    count: String(total.answers),
    sum: total.sumSeconds,
    explicitBounds: boundsSeconds,
    bucketCounts: cumulative.map((count, index) => String(count - (cumulative[index - 1] ?? 0))),
  }
}

function gaugeMetricsOf({ purpose }: IntervalContext, gauges: readonly Gauge[], atMs: number): object[] {
  return Object.entries(gaugeMetrics).flatMap(([kind, { name, unit }]) => {
    const dataPoints = gauges
      .filter(gauge => gauge.name === kind)
      .map(({ route = '', quantile, value }) => ({
        timeUnixNano: nanoseconds(atMs),
        attributes: attributesOf({ purpose, route, quantile: quantile === undefined ? '' : String(quantile) }),
        asDouble: value,
      }))
    return dataPoints.length === 0 ? [] : [{ name, unit, gauge: { dataPoints } }]
  })
}

function totalAttributes({ purpose, route, statusClass }: Total): object[] {
  return attributesOf({ purpose, route, status_class: statusClass })
}

function attributesOf(values: Readonly<Record<string, string>>): object[] {
  return Object.entries(values)
    .filter(([, value]) => value !== '')
    .map(([key, stringValue]) => ({ key, value: { stringValue } }))
}

function spanOf(fromMs: number, untilMs: number): Span {
  return { startTimeUnixNano: nanoseconds(fromMs), timeUnixNano: nanoseconds(untilMs) }
}

/** A double cannot hold nanoseconds since 1970, a bigint can. */
function nanoseconds(ms: number): string {
  return String(BigInt(Math.round(ms * 1000)) * 1000n)
}
