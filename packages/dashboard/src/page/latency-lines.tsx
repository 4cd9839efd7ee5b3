/** The three latency lines over time, the same for a diagnosis and for a load test. */
import { formatMs, formatTick } from '../reading/format.ts'
import { logRange, logTicks } from '../reading/ticks.ts'
import type { TimeWindow } from '../reading/timeline.ts'
import { Plot } from './plot.tsx'
import type { TimeAxis } from './time-axis.ts'

const lines = [
  ['p99', 'p99Ms'],
  ['p95', 'p95Ms'],
  ['p50', 'p50Ms'],
] as const

export const hasLatency = (windows: readonly TimeWindow[]): boolean =>
  windows.some(window => window.p50Ms !== undefined)

/** A plot on the caller's axis of time; at least one window has a latency. */
export function LatencyLines({
  windows,
  readout = () => '',
  ...axis
}: {
  readonly windows: readonly TimeWindow[]
  readonly height: number
  /** What the caller adds to the times of one window. */
  readonly readout?: (window: TimeWindow) => string
} & TimeAxis) {
  const values = windows.flatMap(window => lines.flatMap(([, key]) => window[key] ?? []))
  const p95 = windows.flatMap(window => window.p95Ms ?? [])
  const yRange = logRange(Math.min(...values), Math.max(...values))
  return (
    <Plot
      {...axis}
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
      description={`p95 latency over time, between ${formatMs(Math.min(...p95))} and ${formatMs(Math.max(...p95))}.`}
      readout={index => {
        const window = windows[index]!
        if (window.isGap) return `at ${axis.xText(Math.round(window.seconds))}: not measured`
        const times = lines.map(([label, key]) => `${label} ${formatMs(window[key])}`)
        return `at ${axis.xText(Math.round(window.seconds))}: ${times.join(', ')}${readout(window)}`
      }}
    />
  )
}
