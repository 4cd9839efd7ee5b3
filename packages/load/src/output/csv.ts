/** A report as two tables for spreadsheets and notebooks (RFC 4180): what happened when, and what it came to. */
import type { LatencyRecord, LoadReport, LoadStep, RouteLoad } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { widthOf } from '../record/interval-grid.ts'
import { cellsOf } from './cells.ts'

type Row = readonly (string | number)[]

const intervalColumns = [
  ...['step', 'purpose', 'at_ms', 'duration_ms', 'route', 'status_class', 'requests', 'rate_per_second'],
  ...['mean_ms', 'p50_ms', 'p95_ms', 'p99_ms', 'max_ms'],
]
const summaryColumns = [
  ...['step', 'purpose', 'route', 'requests', 'errors', 'error_fraction', 'rate_per_second'],
  ...['mean_ms', 'p50_ms', 'p90_ms', 'p95_ms', 'p99_ms', 'p99.9_ms', 'max_ms'],
  ...['service_p50_ms', 'service_p95_ms', 'service_p99_ms', 'mean_body_bytes', 'errors_by_kind'],
]

/** One row for each interval, route and status class; an interval in which nothing ended has a row without a route. */
export function intervalTable(report: LoadReport): string {
  return table(intervalColumns, report.steps.flatMap(intervalRows))
}

/** One row for each step as a whole (its route is empty), and one for each of its routes. */
export function summaryTable(report: LoadReport): string {
  return table(summaryColumns, report.steps.flatMap(summaryRows))
}

function intervalRows({ purpose, intervals }: LoadStep, step: number): Row[] {
  return intervals.flatMap(interval => {
    const widthMs = widthOf(interval)
    const cells = cellsOf(interval)
    const empty = { route: '', statusClass: '', requests: 0, response: new Histogram() }
    return (cells.length === 0 ? [empty] : cells).map(({ route, statusClass, requests, response }): Row => [
      ...[step, purpose, interval.atMs, widthMs, route, statusClass, requests],
      decimal((requests * 1000) / widthMs),
      ...latencies(response, [0.5, 0.95, 0.99, 1]),
    ])
  })
}

function summaryRows(step: LoadStep, index: number): Row[] {
  const row = (record: LatencyRecord, rate: number, kinds: RouteLoad['errorsByKind'] = {}, load?: RouteLoad): Row => [
    ...[index, step.purpose, load?.route ?? '', record.requests, record.errors],
    decimal(record.requests === 0 ? NaN : record.errors / record.requests, 6),
    decimal(rate),
    ...latencies(Histogram.fromJSON(record.response), [0.5, 0.9, 0.95, 0.99, 0.999, 1]),
    ...latencies(Histogram.fromJSON(record.service), [0.5, 0.95, 0.99]).slice(1),
    load === undefined ? '' : decimal(load.meanBodyBytes),
    Object.entries(kinds)
      .map(([kind, count]) => `${kind}:${count}`)
      .join(' '),
  ]
  return [
    row(step.overall, step.achievedRatePerSecond, step.errorsByKind),
    ...step.routes.map(load => row(load, (load.requests * 1000) / step.durationMs, load.errorsByKind, load)),
  ]
}

/** The mean and then the quantiles, in milliseconds. */
function latencies(response: Histogram, quantiles: readonly number[]): string[] {
  return [response.mean, ...quantiles.map(q => response.quantile(q))].map(us => decimal(us / 1000))
}

/** Empty where there is no value, so that nobody averages zeros that were never measured. */
function decimal(value: number, digits = 3): string {
  return Number.isFinite(value) ? String(Number(value.toFixed(digits))) : ''
}

function table(columns: readonly string[], rows: readonly Row[]): string {
  return [columns, ...rows].map(row => `${row.map(field).join(',')}\r\n`).join('')
}

function field(value: string | number): string {
  const text = String(value)
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
