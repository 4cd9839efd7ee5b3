/** Points with their intervals, curves and limits on two axes: the chart of a search. */
import { useEffect, useRef, useState } from 'preact/hooks'
import { logPosition } from '../../reading/ticks.ts'

const [LEFT, RIGHT, TOP, BOTTOM] = [62, 16, 14, 44] as const
/** Ticks nearer than this would write over one another. */
const TICK_GAP = 44

export interface Axis {
  readonly range: readonly [low: number, high: number]
  readonly ticks: readonly number[]
  readonly text: (value: number) => string
  /** What it measures, written once at its end. */
  readonly title: string
  readonly log?: boolean
}
export interface ScatterPoint {
  readonly x: number
  readonly y: number
  /** 95 % interval of y. */
  readonly low?: number
  readonly high?: number
  /** Each has its own shape: a disc, a cross, a ring. */
  readonly shape: 'held' | 'broken' | 'plain'
  readonly title: string
}
export interface ScatterProps {
  readonly x: Axis
  readonly y: Axis
  readonly height?: number
  readonly points: readonly ScatterPoint[]
  readonly curves?: readonly {
    readonly token: string
    readonly dashed?: boolean
    readonly points: readonly (readonly [x: number, y: number])[]
  }[]
  /** Dotted across, with their text. */
  readonly levels?: readonly { readonly y: number; readonly text: string }[]
  /** From top to bottom, with their text. */
  readonly moments?: readonly { readonly x: number; readonly text: string }[]
  /** Shaded between two values of x. */
  readonly band?: readonly [low: number, high: number]
  readonly description: string
}

export function Scatter(props: ScatterProps) {
  const { height = 290 } = props
  const holder = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(520)
  useEffect(() => {
    const resized = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width))
    resized.observe(holder.current!)
    return () => resized.disconnect()
  }, [])
  const [right, bottom] = [width - RIGHT, height - BOTTOM]
  const x = (value: number): number => LEFT + share(value, props.x) * (right - LEFT)
  const y = (value: number): number => bottom - share(value, props.y) * (bottom - TOP)
  return (
    <div ref={holder} class="scatter">
      <svg height={height} viewBox={`0 0 ${width} ${height}`} role="img" aria-label={props.description}>
        {props.band && (
          <rect
            x={x(props.band[0])}
            width={Math.max(1, x(props.band[1]) - x(props.band[0]))}
            y={TOP}
            height={bottom - TOP}
            fill="var(--good-soft)"
          />
        )}
        <Grid {...props} x={props.x} width={width} height={height} at={{ x, y }} />
        {(props.curves ?? []).map((curve, index) => (
          <polyline
            key={index}
            points={curve.points.map(([px, py]) => `${x(px)},${y(py)}`).join(' ')}
            fill="none"
            stroke={`var(--${curve.token})`}
            stroke-width="2"
            stroke-linejoin="round"
            {...(curve.dashed ? { 'stroke-dasharray': '5 4' } : {})}
          />
        ))}
        {(props.levels ?? []).map(level => (
          <g key={level.text}>
            <line x1={LEFT} x2={right} y1={y(level.y)} y2={y(level.y)} class="limit" />
            <text x={LEFT + 6} y={y(level.y) - 6} class="limit-text">
              {level.text}
            </text>
          </g>
        ))}
        {(props.moments ?? []).map(moment => (
          <g key={moment.text}>
            <line x1={x(moment.x)} x2={x(moment.x)} y1={TOP} y2={bottom} class="moment" />
            <text
              x={x(moment.x) + (x(moment.x) > width / 2 ? -6 : 6)}
              y={TOP + 10}
              text-anchor={x(moment.x) > width / 2 ? 'end' : 'start'}
            >
              {moment.text}
            </text>
          </g>
        ))}
        {props.points.map((point, index) => (
          <Point key={index} point={point} at={{ x: x(point.x), y: y(point.y) }} y={y} />
        ))}
      </svg>
    </div>
  )
}

function share(value: number, { range, log }: Axis): number {
  if (log) return logPosition(value, range)
  return Math.min(1, Math.max(0, (value - range[0]) / (range[1] - range[0])))
}

interface Places {
  readonly x: (value: number) => number
  readonly y: (value: number) => number
}

function Grid(props: ScatterProps & { readonly width: number; readonly height: number; readonly at: Places }) {
  const { width, height, at } = props
  const bottom = height - BOTTOM
  const kept: number[] = []
  for (const tick of props.x.ticks) {
    const last = kept.at(-1)
    if (last === undefined || at.x(tick) - at.x(last) >= TICK_GAP) kept.push(tick)
  }
  return (
    <>
      {props.y.ticks.map(tick => (
        <g key={tick}>
          <line x1={LEFT} x2={width - RIGHT} y1={at.y(tick)} y2={at.y(tick)} stroke="var(--line)" />
          <text x={LEFT - 8} y={at.y(tick)} text-anchor="end" dominant-baseline="middle">
            {props.y.text(tick)}
          </text>
        </g>
      ))}
      {kept.map(tick => (
        <g key={tick}>
          <line x1={at.x(tick)} x2={at.x(tick)} y1={TOP} y2={bottom} stroke="var(--line)" />
          <text x={at.x(tick)} y={bottom + 16} text-anchor="middle">
            {props.x.text(tick)}
          </text>
        </g>
      ))}
      <text x={width - RIGHT} y={height - 6} text-anchor="end">
        {props.x.title}
      </text>
    </>
  )
}

function Point({
  point,
  at,
  y,
}: {
  readonly point: ScatterPoint
  readonly at: { readonly x: number; readonly y: number }
  readonly y: Places['y']
}) {
  const token = { held: 'good', broken: 'bad', plain: 'accent' }[point.shape]
  return (
    <g stroke={`var(--${token})`} fill="none">
      <title>{point.title}</title>
      {point.low !== undefined && point.high !== undefined && (
        <line x1={at.x} x2={at.x} y1={y(point.low)} y2={y(point.high)} stroke-width="3" stroke-opacity="0.4" />
      )}
      {point.shape === 'broken' ? (
        <path d={`M${at.x - 4} ${at.y - 4}l8 8m0-8l-8 8`} stroke-width="2" stroke-linecap="round" />
      ) : (
        <circle
          cx={at.x}
          cy={at.y}
          r="4"
          fill={point.shape === 'held' ? `var(--${token})` : 'var(--surface)'}
          stroke-width="2"
        />
      )}
    </g>
  )
}
