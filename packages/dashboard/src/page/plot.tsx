/** A uPlot chart that follows the width of its card and the theme, with labels at the line ends in place of a legend. */
import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import { logPosition, spread } from '../reading/ticks.ts'
import { colour, onTheme } from './theme.ts'

export const LEFT_GUTTER = 60
export const RIGHT_GUTTER = 44
/** Without labels at the line ends the curve may use the room. */
const BARE_GUTTER = 12
const TICK_GAP = 40
const TOP_PADDING = 10
const BOTTOM_AXIS = 26
const LABEL_GAP = 15

export interface Line {
  readonly label: string
  /** Name of a colour token. */
  readonly token: string
  readonly width: number
  readonly dashed?: boolean
  readonly values: readonly (number | null)[]
  /** Written at the last value. */
  readonly endLabel?: boolean
}
export interface PlotProps {
  readonly height: number
  readonly xs: readonly number[]
  readonly lines: readonly Line[]
  readonly yRange: readonly [low: number, high: number]
  /** Amounts begin at zero; without it the axis is logarithmic. */
  readonly yLinear?: boolean
  readonly yTicks: readonly number[]
  readonly yText: (value: number) => string
  readonly xRange: readonly [low: number, high: number]
  readonly xTicks: readonly number[]
  readonly xText: (value: number) => string
  readonly xLog?: boolean
  /** Keeps the room of labels at the line ends without any, so that charts above one another share their axis. */
  readonly labelGutter?: boolean
  /** Dotted lines across, with their text. */
  readonly levels?: readonly { readonly value: number; readonly text: string }[]
  /** Lines from top to bottom at one moment, with their text. */
  readonly moments?: readonly { readonly at: number; readonly text: string; readonly token: string }[]
  /** Shaded from the left edge to here. */
  readonly shadedUntil?: number
  /** One sentence with the conclusion. */
  readonly description: string
  readonly readout: (index: number) => string
}

export function Plot(props: PlotProps) {
  const holder = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(0)
  const [hovered, setHovered] = useState<number | undefined>(undefined)
  useEffect(() => {
    const element = holder.current!
    const chart = new uPlot(optionsOf(props, element.clientWidth, setHovered), dataOf(props), element)
    setWidth(element.clientWidth)
    const resized = new ResizeObserver(() => {
      if (element.clientWidth === chart.width) return
      chart.setSize({ width: element.clientWidth, height: props.height })
      setWidth(element.clientWidth)
    })
    resized.observe(element)
    const stopTheme = onTheme(() => chart.redraw(false, true))
    return () => {
      resized.disconnect()
      stopTheme()
      chart.destroy()
    }
  }, [props.xs])
  return (
    <div>
      <div class="plot" role="img" aria-label={props.description}>
        <div ref={holder} style={{ height: `${props.height}px` }} />
        <EndLabels {...props} width={width} />
      </div>
      <div class="readout" aria-hidden="true">
        {hovered === undefined ? '' : props.readout(hovered)}
      </div>
    </div>
  )
}

function EndLabels(props: PlotProps & { readonly width: number }) {
  const plotHeight = props.height - TOP_PADDING - BOTTOM_AXIS
  const down = (value: number): number => (1 - position(value, props)) * plotHeight
  const labelled = props.lines.flatMap(line => {
    const last = line.values.findLast(value => value !== null)
    return line.endLabel && last !== undefined && last !== null ? [{ line, top: down(last) }] : []
  })
  const tops = spread(
    labelled.map(({ top }) => top),
    LABEL_GAP,
    plotHeight,
  )
  const gutter = rightGutter(props)
  const plotWidth = props.width - LEFT_GUTTER - gutter
  const across = (at: number): number => (at - props.xRange[0]) / (props.xRange[1] - props.xRange[0])
  return (
    <div aria-hidden="true">
      {labelled.map(({ line }, index) => (
        <span
          key={line.label}
          class="end-label"
          style={{
            top: `${TOP_PADDING + tops[index]!}px`,
            left: `${props.width - gutter + 6}px`,
            color: `var(--${line.token})`,
          }}
        >
          {line.label}
        </span>
      ))}
      {(props.levels ?? []).map(level => (
        <span
          key={level.text}
          class="plot-note"
          style={{
            top: `${TOP_PADDING + down(level.value) - 9}px`,
            right: `${gutter + 4}px`,
            color: 'var(--good)',
          }}
        >
          {level.text}
        </span>
      ))}
      {props.width > 0 &&
        (props.moments ?? []).map(moment => (
          <span
            key={moment.text}
            class="plot-note"
            style={{
              top: `${TOP_PADDING + 8}px`,
              right: `${gutter + (1 - across(moment.at)) * plotWidth + 6}px`,
              color: `var(--${moment.token})`,
            }}
          >
            {moment.text}
          </span>
        ))}
    </div>
  )
}

function position(value: number, { yRange, yLinear }: PlotProps): number {
  return yLinear ? (value - yRange[0]) / (yRange[1] - yRange[0]) : logPosition(value, yRange)
}

function rightGutter({ lines, labelGutter }: PlotProps): number {
  return labelGutter || lines.some(line => line.endLabel) ? RIGHT_GUTTER : BARE_GUTTER
}

/** Ticks that would write over the one before them are left out. */
function thinned(props: PlotProps, width: number): number[] {
  const plotWidth = width - LEFT_GUTTER - rightGutter(props)
  const [low, high] = props.xRange
  const across = (at: number): number =>
    plotWidth * (props.xLog ? logPosition(at, props.xRange) : (at - low) / (high - low))
  const kept: number[] = []
  for (const tick of props.xTicks) {
    const last = kept.at(-1)
    if (last === undefined || across(tick) - across(last) >= TICK_GAP) kept.push(tick)
  }
  return kept
}

function dataOf({ xs, lines }: PlotProps): uPlot.AlignedData {
  return [[...xs], ...lines.map(line => [...line.values])]
}

function optionsOf(props: PlotProps, width: number, hover: (index: number | undefined) => void): uPlot.Options {
  const font = '12px ui-sans-serif, Inter, system-ui, sans-serif'
  const axis = {
    font,
    stroke: () => colour('ink-2'),
    grid: { stroke: () => colour('line'), width: 1 },
    ticks: { show: false },
  }
  return {
    width,
    height: props.height,
    padding: [TOP_PADDING, rightGutter(props), 0, 0],
    legend: { show: false },
    cursor: { y: false, drag: { x: false, y: false }, points: { size: 6 } },
    scales: {
      x: { time: false, range: () => [...props.xRange] as [number, number], ...(props.xLog ? { distr: 3 } : {}) },
      y: { distr: props.yLinear ? 1 : 3, range: () => [...props.yRange] as [number, number] },
    },
    axes: [
      {
        ...axis,
        size: BOTTOM_AXIS,
        gap: 6,
        splits: chart => thinned(props, chart.width),
        values: (_, splits) => splits.map(props.xText),
        filter: (_, splits) => splits,
      },
      {
        ...axis,
        size: LEFT_GUTTER,
        gap: 8,
        splits: () => [...props.yTicks],
        values: (_, splits) => splits.map(props.yText),
        filter: (_, splits) => splits,
      },
    ],
    series: [
      {},
      ...props.lines.map(line => ({
        label: line.label,
        stroke: () => colour(line.token),
        width: line.width,
        points: { show: false },
        ...(line.dashed ? { dash: [5, 4] } : {}),
      })),
    ],
    hooks: {
      drawClear: [chart => shade(chart, props)],
      draw: [chart => drawMarks(chart, props)],
      setCursor: [chart => hover(chart.cursor.idx ?? undefined)],
    },
  }
}

function shade(chart: uPlot, { shadedUntil }: PlotProps): void {
  if (!shadedUntil) return
  const { left, top, height } = chart.bbox
  chart.ctx.fillStyle = colour('sunken')
  chart.ctx.fillRect(left, top, chart.valToPos(shadedUntil, 'x', true) - left, height)
}

function drawMarks(chart: uPlot, { levels = [], moments = [] }: PlotProps): void {
  const { ctx, bbox } = chart
  ctx.save()
  ctx.lineWidth = 1.5 * devicePixelRatio
  ctx.setLineDash([2 * devicePixelRatio, 3 * devicePixelRatio])
  for (const { value } of levels) {
    const y = chart.valToPos(value, 'y', true)
    stroke(ctx, 'good', [bbox.left, y], [bbox.left + bbox.width, y])
  }
  for (const { at, token } of moments) {
    const x = chart.valToPos(at, 'x', true)
    stroke(ctx, token, [x, bbox.top], [x, bbox.top + bbox.height])
  }
  ctx.restore()
}

function stroke(
  ctx: CanvasRenderingContext2D,
  token: string,
  from: readonly [number, number],
  to: readonly [number, number],
): void {
  ctx.strokeStyle = colour(token)
  ctx.beginPath()
  ctx.moveTo(...from)
  ctx.lineTo(...to)
  ctx.stroke()
}
