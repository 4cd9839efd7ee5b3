/** Where the requests fall: one cell per moment and latency, darker where there are more. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { formatMs, formatTick } from '../reading/format.ts'
import { logPosition, logTicks } from '../reading/ticks.ts'
import type { Heatmap, Timeline } from '../reading/timeline.ts'
import { LEFT_GUTTER, RIGHT_GUTTER } from './plot.tsx'
import { colour, onTheme } from './theme.ts'

const HEIGHT = 176
const TOP = 8
const SHADES = 6

interface Props {
  readonly heatmap: Heatmap
  readonly timeline: Timeline
  readonly xTicks: readonly number[]
  readonly xText: (value: number) => string
}

export function HeatmapChart({ heatmap, timeline, xTicks, xText }: Props) {
  const canvas = useRef<HTMLCanvasElement>(null)
  const holder = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  useEffect(() => {
    const resized = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width))
    resized.observe(holder.current!)
    return () => resized.disconnect()
  }, [])
  const plotWidth = Math.max(0, width - LEFT_GUTTER - RIGHT_GUTTER)
  useEffect(() => {
    const draw = (): void => paint(canvas.current!, heatmap, timeline, plotWidth)
    draw()
    return onTheme(draw)
  }, [plotWidth])
  return (
    <>
      <div class="card-head" style={{ margin: '20px 0 8px' }}>
        <h3>Where the requests fall</h3>
        <span class="legend">
          <span>
            few <i class="ramp" /> many
          </span>
        </span>
      </div>
      <div
        class="heatmap"
        ref={holder}
        style={{ height: `${TOP + HEIGHT + 26}px` }}
        role="img"
        aria-label={describe(heatmap)}
      >
        <canvas
          ref={canvas}
          style={{ left: `${LEFT_GUTTER}px`, top: `${TOP}px`, width: `${plotWidth}px`, height: `${HEIGHT}px` }}
        />
        {logTicks(...heatmap.rangeMs, 6).map(tick => (
          <span
            key={tick}
            class="tick y"
            style={{ top: `${TOP + (1 - logPosition(tick, heatmap.rangeMs)) * HEIGHT}px` }}
          >
            {formatTick(tick)}
          </span>
        ))}
        {xTicks.map(tick => (
          <span
            key={tick}
            class="tick x"
            style={{
              top: `${TOP + HEIGHT + 6}px`,
              left: `${LEFT_GUTTER + (tick / timeline.endSeconds) * plotWidth}px`,
            }}
          >
            {xText(tick)}
          </span>
        ))}
      </div>
    </>
  )
}

function paint(
  canvas: HTMLCanvasElement,
  heatmap: Heatmap,
  { columns, endSeconds }: Timeline,
  plotWidth: number,
): void {
  const ratio = devicePixelRatio
  canvas.width = Math.max(1, Math.round(plotWidth * ratio))
  canvas.height = Math.round(HEIGHT * ratio)
  const context = canvas.getContext('2d')!
  const shades = Array.from({ length: SHADES }, (_, shade) => colour(`heat-${shade}`))
  const x = (seconds: number): number => Math.round((seconds / endSeconds) * canvas.width)
  const y = (row: number): number => Math.round((1 - row / heatmap.rows) * canvas.height)
  heatmap.cells.forEach((column, index) => {
    const { seconds, widthSeconds } = columns[index]!
    const [left, right] = [x(seconds - widthSeconds / 2), x(seconds + widthSeconds / 2)]
    column.forEach((count, row) => {
      if (count === 0) return
      // The root keeps a single request visible beside a thousand.
      const shade = Math.max(1, Math.ceil(Math.sqrt(count / heatmap.most) * (SHADES - 1)))
      context.fillStyle = shades[shade]!
      context.fillRect(left, y(row + 1), Math.max(1, right - left), y(row) - y(row + 1))
    })
  })
}

function describe({ cells, rangeMs, rows }: Heatmap): string {
  const totals = Array.from({ length: rows }, (_, row) => cells.reduce((sum, column) => sum + column[row]!, 0))
  const busiest = totals.indexOf(Math.max(...totals))
  const edge = (row: number): number => rangeMs[0] * (rangeMs[1] / rangeMs[0]) ** (row / rows)
  return `Most requests took between ${formatMs(edge(busiest))} and ${formatMs(edge(busiest + 1))}.`
}
