/** The course of a load test: latency, what was offered and answered, and where each request fell, on one axis. */
import type { LoadReport } from '@whetstone/model'
import { formatCount, formatMs, formatNumber, formatRate } from '../../reading/format.ts'
import { type LoadTimeline, loadTimelineOf, ratesOf } from '../../reading/load-timeline.ts'
import { linearTicks } from '../../reading/ticks.ts'
import { heatmapOf } from '../../reading/timeline.ts'
import { HeatmapChart } from '../heatmap.tsx'
import { hasLatency, LatencyLines } from '../latency-lines.tsx'
import { DataTable, Missing, Section } from '../pieces.tsx'
import { Plot } from '../plot.tsx'
import { seconds, secondsTicks, type TimeAxis } from '../time-axis.ts'

export function OverTime({ report }: { readonly report: LoadReport }) {
  const timeline = loadTimelineOf(report)
  return (
    <Section id="course" title="Over time" note="Times count from the moment each request was due">
      <figure class="card">
        {timeline ? (
          <Charts timeline={timeline} report={report} />
        ) : (
          <Missing why="It ended before the first second was over." />
        )}
      </figure>
    </Section>
  )
}

function Charts({ timeline, report }: { readonly timeline: LoadTimeline; readonly report: LoadReport }) {
  const { windows, endSeconds, shadedUntilSeconds, shadedBecause } = timeline
  const heatmap = heatmapOf(timeline)
  const moments = report.thresholds
    .filter(({ brokenAtMs }) => brokenAtMs !== undefined)
    .slice(0, 1)
    .map(({ brokenAtMs }) => ({
      at: Math.min(endSeconds, brokenAtMs! / 1_000 + timeline.warmUpSeconds),
      text: 'limit broken',
      token: 'bad',
    }))
  const shared = {
    xs: windows.map(({ seconds }) => seconds),
    xRange: [0, endSeconds] as const,
    xTicks: secondsTicks(endSeconds),
    xText: seconds,
    shadedUntil: shadedUntilSeconds,
  }
  const rates = ratesOf(timeline, report.steps)
  return (
    <>
      {hasLatency(windows) ? (
        <>
          <h3>Response time</h3>
          <LatencyLines {...shared} moments={moments} windows={windows} height={250} />
        </>
      ) : (
        <Missing why="No request was answered well, so there is no latency to draw." />
      )}
      {shadedUntilSeconds > 0 && (
        <p class="soft">
          Shaded until {seconds(Math.round(shadedUntilSeconds * 10) / 10)}: {shadedBecause}, shown and never judged.
        </p>
      )}
      <RatePlot rates={rates} shared={shared} />
      {heatmap && <HeatmapChart heatmap={heatmap} timeline={timeline} xTicks={shared.xTicks} xText={seconds} />}
      <DataTable
        head={['Time', 'Offered', 'Answered', 'Errors', 'p50', 'p95', 'p99']}
        rows={windows.flatMap((window, index) => {
          const { rates: measured } = rates[index]!
          if (!measured) return []
          return [
            [
              seconds(Math.round(window.seconds * 10) / 10),
              formatRate(measured.offeredPerSecond),
              formatRate(measured.goodPerSecond),
              formatCount(window.errors),
              formatMs(window.p50Ms),
              formatMs(window.p95Ms),
              formatMs(window.p99Ms),
            ],
          ]
        })}
      />
    </>
  )
}

/** Room above the highest line. */
const HEADROOM = 1.1

function RatePlot({ rates, shared }: { readonly rates: ReturnType<typeof ratesOf>; readonly shared: TimeAxis }) {
  const measured = rates.flatMap(window => window.rates ?? [])
  const highestOffered = Math.max(...measured.map(({ offeredPerSecond }) => offeredPerSecond))
  const highestGood = Math.max(...measured.map(({ goodPerSecond }) => goodPerSecond))
  const highest = Math.max(1, highestOffered, highestGood)
  const anyErrors = measured.some(({ errorsPerSecond }) => errorsPerSecond > 0)
  const most = highest * HEADROOM
  return (
    <>
      <div class="card-head" style={{ margin: '20px 0 8px' }}>
        <h3>Requests per second</h3>
        <span class="legend">
          <span>
            <i class="stroke dashed" style={{ color: 'var(--before)' }} />
            offered
          </span>
          <span>
            <i class="stroke" style={{ color: 'var(--accent)' }} />
            answered well
          </span>
          {anyErrors && (
            <span>
              <i class="stroke" style={{ color: 'var(--bad)' }} />
              errors
            </span>
          )}
        </span>
      </div>
      <Plot
        {...shared}
        height={150}
        lines={[
          line(
            'offered',
            'before',
            rates.map(window => window.rates?.offeredPerSecond ?? null),
            true,
          ),
          line(
            'answered',
            'accent',
            rates.map(window => window.rates?.goodPerSecond ?? null),
          ),
          ...(anyErrors
            ? [
                line(
                  'errors',
                  'bad',
                  rates.map(window => window.rates?.errorsPerSecond ?? null),
                ),
              ]
            : []),
        ]}
        yRange={[0, most]}
        yLinear
        yTicks={linearTicks(most, 4)}
        yText={formatNumber}
        labelGutter
        description={`Offered up to ${formatRate(highestOffered)}, answered well up to ${formatRate(highestGood)}.`}
        readout={index => {
          const { seconds: at, rates: rate } = rates[index]!
          if (!rate) return `at ${seconds(Math.round(at))}: not measured`
          return `at ${seconds(Math.round(at))}: offered ${formatRate(rate.offeredPerSecond)}, answered well ${formatRate(rate.goodPerSecond)}, errors ${formatRate(rate.errorsPerSecond)}`
        }}
      />
    </>
  )
}

function line(label: string, token: string, values: readonly (number | null)[], dashed = false) {
  return { label, token, width: 2, dashed, values }
}
