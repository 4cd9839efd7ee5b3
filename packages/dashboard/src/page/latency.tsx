/** Latency over time, and below it on the same axis where each request fell. */
import { reportedStep, type RunReport } from '@whetstone/model'
import { formatCount, formatMs, formatNumber } from '../reading/format.ts'
import { arrivalWords } from '../reading/load-words.ts'
import { heatmapOf, timelineOf, type Timeline } from '../reading/timeline.ts'
import { HeatmapChart } from './heatmap.tsx'
import { hasLatency, LatencyLines } from './latency-lines.tsx'
import { DataTable, Missing, Section } from './pieces.tsx'
import { seconds, secondsTicks } from './time-axis.ts'

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
  if (!hasLatency(windows)) return <Missing why="No request was answered, so there is no latency to draw." />
  const heatmap = heatmapOf(timeline)
  const broke = report.verdict === 'failed' ? report.events.findLast(event => event.kind === 'error') : undefined
  return (
    <>
      <LatencyLines
        windows={windows}
        height={270}
        xs={windows.map(window => window.seconds)}
        xRange={[0, endSeconds]}
        xTicks={secondsTicks(endSeconds)}
        xText={seconds}
        shadedUntil={warmUpSeconds}
        moments={
          broke ? [{ at: Math.min(endSeconds, broke.atMs / 1000), text: 'the run broke here', token: 'bad' }] : []
        }
        readout={window => `, ${formatCount(window.requests)} requests, ${formatCount(window.errors)} errors`}
      />
      {warmUpSeconds > 0 && <p class="soft">Shaded: warm-up, shown and never judged.</p>}
      {heatmap && (
        <HeatmapChart heatmap={heatmap} timeline={timeline} xTicks={secondsTicks(endSeconds)} xText={seconds} />
      )}
      <DataTable
        head={['Time', 'Requests', 'Errors', 'p50', 'p95', 'p99']}
        rows={windows
          .filter(window => !window.isGap)
          .map(window => [
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
