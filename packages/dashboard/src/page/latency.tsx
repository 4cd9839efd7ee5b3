/** Latency over time, and below it on the same axis where each request fell. */
import { reportedStep, type RunReport } from '@whetstone/model'
import { formatCount, formatMs, formatNumber, formatTick, THIN } from '../reading/format.ts'
import { arrivalWords } from '../reading/load-words.ts'
import { linearTicks, logRange, logTicks } from '../reading/ticks.ts'
import { heatmapOf, timelineOf, type Timeline } from '../reading/timeline.ts'
import { HeatmapChart } from './heatmap.tsx'
import { DataTable, Missing, Section } from './pieces.tsx'
import { Plot } from './plot.tsx'

const lines = [
  ['p99', 'p99Ms'],
  ['p95', 'p95Ms'],
  ['p50', 'p50Ms'],
] as const

export function Latency({ report }: { readonly report: RunReport }) {
  const timeline = timelineOf(report.loadCurve)
  return (
    <Section id="latency" title="Latency over time" note={noteOf(report)}>
      <figure class="card">
        {timeline ? (
          <Charts timeline={timeline} report={report} />
        ) : (
          <Missing
            why="No load was recorded over time. Let Whetstone send it:"
            type={`whetstone diagnose ${report.target.url.slice(0, 200)}`}
          />
        )}
      </figure>
    </Section>
  )
}

function noteOf({ loadCurve }: RunReport): string {
  const step = reportedStep(loadCurve)
  if (!step) return 'Times count from the moment each request was due'
  return `${formatNumber(step.offeredRatePerSecond)} requests per second, ${step.arrivals === 'closed' ? 'closed model' : `${arrivalWords[step.arrivals]} arrivals`}; times count from the moment each request was due`
}

function Charts({ timeline, report }: { readonly timeline: Timeline; readonly report: RunReport }) {
  const { windows, endSeconds, warmUpSeconds } = timeline
  const values = windows.flatMap(({ p50Ms, p95Ms, p99Ms }) =>
    [p50Ms, p95Ms, p99Ms].filter(value => value !== undefined),
  )
  if (values.length === 0) return <Missing why="No request was answered, so there is no latency to draw." />
  const yRange = logRange(Math.min(...values), Math.max(...values))
  const xRange = [0, endSeconds] as const
  const heatmap = heatmapOf(timeline)
  const broke = report.verdict === 'failed' ? report.events.findLast(event => event.kind === 'error') : undefined
  return (
    <>
      <Plot
        height={270}
        xs={windows.map(window => window.seconds)}
        lines={lines.map(([label, key]) => ({
          label,
          token: label,
          width: 2,
          values: windows.map(window => window[key] ?? null),
          endLabel: true,
        }))}
        yRange={yRange}
        yTicks={logTicks(...yRange)}
        yText={formatTick}
        xRange={xRange}
        xTicks={secondsTicks(endSeconds)}
        xText={seconds}
        shadedUntil={warmUpSeconds}
        moments={
          broke ? [{ at: Math.min(endSeconds, broke.atMs / 1000), text: 'the run broke here', token: 'bad' }] : []
        }
        description={describe(timeline)}
        readout={index => readout(windows[index]!)}
      />
      {warmUpSeconds > 0 && <p class="soft">Shaded: warm-up, shown and never judged.</p>}
      {heatmap && (
        <HeatmapChart heatmap={heatmap} timeline={timeline} xTicks={secondsTicks(endSeconds)} xText={seconds} />
      )}
      <DataTable
        head={['Time', 'Requests', 'Errors', 'p50', 'p95', 'p99']}
        rows={windows.map(window => [
          seconds(Math.round(window.seconds * 10) / 10),
          formatCount(window.requests),
          formatCount(window.errors),
          formatMs(window.p50Ms),
          formatMs(window.p95Ms),
          formatMs(window.p99Ms),
        ])}
      />
    </>
  )
}

function secondsTicks(endSeconds: number): readonly number[] {
  return linearTicks(endSeconds, innerWidth < 600 ? 5 : 12)
}
function seconds(value: number): string {
  return `${value}${THIN}s`
}
function readout(window: Timeline['windows'][number]): string {
  const parts = lines.map(([label, key]) => `${label} ${formatMs(window[key])}`)
  return `at ${seconds(Math.round(window.seconds))}: ${parts.join(', ')}, ${formatCount(window.requests)} requests, ${formatCount(window.errors)} errors`
}
function describe({ windows }: Timeline): string {
  const p95 = windows.flatMap(window => window.p95Ms ?? [])
  return p95.length === 0
    ? 'Latency over time.'
    : `p95 latency over time, between ${formatMs(Math.min(...p95))} and ${formatMs(Math.max(...p95))}.`
}
