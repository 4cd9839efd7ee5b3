/** The ladder: p50, p95 and p99 as remedies are added one by one. */
import type { LadderStep, RunReport } from '@whetstone/model'
import { useEffect, useRef, useState } from 'preact/hooks'
import { formatChange, formatMs, formatTick } from '../reading/format.ts'
import { logPosition, logRange, logTicks, spread } from '../reading/ticks.ts'
import { numbers, Section, Table } from './pieces.tsx'

const HEIGHT = 300
const [LEFT, RIGHT, TOP, BOTTOM] = [60, 92, 12, 30] as const
const LABEL_GAP = 15
const lines = [
  { key: 'p99Ms', name: 'p99', token: 'p99' },
  { key: 'p95Ms', name: 'p95', token: 'p95' },
  { key: 'p50Ms', name: 'p50', token: 'p50' },
] as const

export function Ladder({ report }: { readonly report: Pick<RunReport, 'ladder'> }) {
  const steps = report.ladder ?? []
  if (steps.length < 2) return null
  return (
    <Section
      id="ladder"
      title="The ladder"
      note="Remedies added one after another, each rung measured with all before it"
    >
      <div class="card pair">
        <figure class="ladder-chart">
          <Chart steps={steps} />
        </figure>
        <Rungs steps={steps} />
      </div>
    </Section>
  )
}

function Chart({ steps }: { readonly steps: readonly LadderStep[] }) {
  const holder = useRef<HTMLDivElement>(null)
  const [width, setWidth] = useState(560)
  useEffect(() => {
    const resized = new ResizeObserver(([entry]) => setWidth(entry!.contentRect.width))
    resized.observe(holder.current!)
    return () => resized.disconnect()
  }, [])
  const values = steps.flatMap(step => [step.p50Ms, step.p95Ms, step.p99Ms]).filter(value => value > 0)
  const range = logRange(Math.min(...values), Math.max(...values))
  const plotHeight = HEIGHT - TOP - BOTTOM
  const x = (index: number): number => LEFT + (index / (steps.length - 1)) * (width - LEFT - RIGHT)
  const y = (value: number): number => TOP + (1 - logPosition(value, range)) * plotHeight
  const last = steps.at(-1)!
  const labelTops = spread(
    lines.map(({ key }) => y(last[key])),
    LABEL_GAP,
    TOP + plotHeight,
  )
  return (
    <div ref={holder}>
      <svg height={HEIGHT} viewBox={`0 0 ${width} ${HEIGHT}`} role="img" aria-label={sentence(steps)}>
        {logTicks(...range, 8).map(tick => (
          <g key={tick}>
            <line x1={LEFT} x2={width - RIGHT} y1={y(tick)} y2={y(tick)} stroke="var(--line)" />
            <text x={LEFT - 8} y={y(tick)} text-anchor="end" dominant-baseline="middle">
              {formatTick(tick)}
            </text>
          </g>
        ))}
        {steps.map((_, index) => (
          <g key={index}>
            <line x1={x(index)} x2={x(index)} y1={TOP} y2={TOP + plotHeight} stroke="var(--line)" />
            <text x={x(index)} y={HEIGHT - 8} text-anchor="middle">
              {index === 0 ? (width < 420 ? '0' : 'as found') : index}
            </text>
          </g>
        ))}
        {lines.map(({ key, name, token }, line) => (
          <g key={key}>
            <polyline
              points={steps.map((step, index) => `${x(index)},${y(step[key])}`).join(' ')}
              fill="none"
              stroke={`var(--${token})`}
              stroke-width="2"
              stroke-linejoin="round"
            />
            {steps.map((step, index) => (
              <circle key={index} cx={x(index)} cy={y(step[key])} r="3" fill={`var(--${token})`}>
                <title>{`${step.label}: ${name} ${formatMs(step[key])}`}</title>
              </circle>
            ))}
            <text
              x={width - RIGHT + 10}
              y={labelTops[line]}
              dominant-baseline="middle"
              style={{ fill: `var(--${token})`, fontWeight: 600 }}
            >
              {`${name} ${formatMs(last[key])}`}
            </text>
          </g>
        ))}
      </svg>
    </div>
  )
}

function Rungs({ steps }: { readonly steps: readonly LadderStep[] }) {
  return (
    <Table
      label="The rungs of the ladder in numbers"
      columns={[{ name: 'Remedy', cells: 2 }, ...numbers('p50', 'p95', 'p99', 'p95 so far')]}
    >
      {steps.map((step, index) => (
        <tr key={index}>
          <td>
            <span class="rung">{index}</span>
          </td>
          <td style={{ minWidth: '120px' }}>{step.label}</td>
          <td class="number">{formatMs(step.p50Ms)}</td>
          <td class="number">{formatMs(step.p95Ms)}</td>
          <td class="number">{formatMs(step.p99Ms)}</td>
          <td class="number">{index === 0 ? '' : changeSince(steps[0]!, step)}</td>
        </tr>
      ))}
    </Table>
  )
}

/** A rung has no blocks and so no interval: only whole percents. */
function changeSince(first: LadderStep, step: LadderStep): string {
  const estimate = step.p95Ms / first.p95Ms
  return formatChange({ estimate, low: estimate - 1, high: estimate + 1 })
}

function sentence(steps: readonly LadderStep[]): string {
  const [first, last] = [steps[0]!, steps.at(-1)!]
  return `Over ${steps.length - 1} remedies p95 went from ${formatMs(first.p95Ms)} to ${formatMs(last.p95Ms)} and p50 from ${formatMs(first.p50Ms)} to ${formatMs(last.p50Ms)}.`
}
