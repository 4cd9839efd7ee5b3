/** Latency by percentile, from the schedule and from the send, and what lies between the two. */
import type { LoadReport, LoadStep, SerializedHistogram } from '@whetstone/model'
import { formatMs, formatRate, formatTick } from '../../reading/format.ts'
import { quantileMs } from '../../reading/histogram.ts'
import { judgedResponse, measuredStep } from '../../reading/load-verdict.ts'
import { alongDepths, atDepth, depthName, depthTicks, percentileCurve } from '../../reading/percentiles.ts'
import { logRange, logTicks } from '../../reading/ticks.ts'
import { DataTable, Missing, numbers, Section, Table } from '../pieces.tsx'
import { Plot } from '../plot.tsx'

export function Parts({ report }: { readonly report: LoadReport }) {
  const step = measuredStep(report)
  if (step === undefined) return null
  return (
    <Section id="latency" title="Latency by percentile" note={noteOf(report, step)}>
      <div class="pair">
        <figure class="card">
          <Curves step={step} report={report} />
        </figure>
        <div class="card">
          <Split step={step} />
        </div>
      </div>
    </Section>
  )
}

function noteOf({ capacity, stress }: LoadReport, { offeredRatePerSecond }: LoadStep): string {
  if (capacity) return `Of the largest rate that held, ${formatRate(offeredRatePerSecond)}`
  if (stress) return `Of the last step before the knee, ${formatRate(offeredRatePerSecond)}`
  return 'From the moment each request was due, beside that of its sending'
}

function Curves({ step, report }: { readonly step: LoadStep; readonly report: LoadReport }) {
  const response = percentileCurve(judgedResponse(step))
  const service = percentileCurve(step.overall.service)
  if (response.length === 0)
    return (
      <Missing
        why="Too few requests were answered for a curve. Measure longer:"
        type="whetstone load … --duration 60s"
      />
    )
  const xs = [...new Set([...response, ...service].map(({ depth }) => depth))].toSorted((a, b) => a - b)
  const limits = report.thresholds.flatMap(({ threshold: { metric, limit, route, windowMs, text } }) =>
    metric.kind === 'response' && route === undefined && windowMs === undefined
      ? [{ value: limit, text, quantile: metric.quantile }]
      : [],
  )
  // The fastest twentieth would take half the axis and says nothing.
  const values = [...response, ...service].filter(({ depth }) => depth >= 1.05).map(({ ms }) => ms)
  const near = limits.filter(({ value }) => value <= 20 * Math.max(...values)).slice(0, 2)
  const shown = [...values, ...near.map(({ value }) => value)].filter(value => value > 0)
  const yRange = logRange(Math.min(...shown), Math.max(...shown))
  const deepest = xs.at(-1)!
  const lines = [
    { label: 'since sent', token: 'before', width: 2, dashed: true, values: alongDepths(xs, service) },
    { label: 'since due', token: 'accent', width: 2.5, values: alongDepths(xs, response) },
  ]
  return (
    <>
      <div class="card-head">
        <h3>Response and service time</h3>
        <span class="legend">
          <span>
            <i class="stroke" style={{ color: 'var(--accent)' }} />
            since it was due
          </span>
          <span>
            <i class="stroke dashed" style={{ color: 'var(--before)' }} />
            since it was sent
          </span>
        </span>
      </div>
      <Plot
        height={280}
        xs={xs}
        lines={lines}
        yRange={yRange}
        yTicks={logTicks(...yRange)}
        yText={formatTick}
        xRange={[1, deepest]}
        xTicks={depthTicks.map(({ depth }) => depth).filter(depth => depth <= deepest * 1.01)}
        xText={depth => depthTicks.find(tick => tick.depth === depth)?.label ?? ''}
        xLog
        levels={near}
        description={`Latency by percentile: p50 ${formatMs(atDepth(response, 2))}, p95 ${formatMs(atDepth(response, 20))} from the schedule.`}
        readout={index =>
          `${depthName(xs[index]!)}: ${lines.map(line => `${line.label} ${formatMs(line.values[index] ?? undefined)}`).join(', ')}`
        }
      />
      <DataTable
        head={['Percentile', 'Since due', 'Since sent']}
        rows={[2, 4, 10, 20, 100, 1000, 10_000]
          .filter(depth => depth <= deepest)
          .map(depth => [depthName(depth), formatMs(atDepth(response, depth)), formatMs(atDepth(service, depth))])}
      />
    </>
  )
}

const splitQuantiles = [0.5, 0.95, 0.99, 1] as const

/** Response time is lag, wait and service one after another; the first is ours, the second and third are the service's. */
function Split({ step }: { readonly step: LoadStep }) {
  const rows: readonly (readonly [string, string, SerializedHistogram | undefined])[] = [
    ['Response', 'since it was due', judgedResponse(step)],
    ['Service', 'since it was sent', step.overall.service],
    ['Connection wait', 'all were busy: the service’s doing', step.connectionWait],
    ['Scheduler lag', 'the generator’s own delay', step.lag],
  ]
  return (
    <>
      <h3>What the response time is made of</h3>
      <Table label="What the response time is made of" columns={['Part', ...numbers('p50', 'p95', 'p99', 'max')]}>
        {rows.map(([name, what, histogram]) => (
          <tr key={name}>
            <td style={{ minWidth: '130px' }}>
              {name}
              <div class="soft">{what}</div>
            </td>
            {splitQuantiles.map(q => (
              <td key={q} class="number">
                {histogram === undefined ? '–' : formatMs(quantileMs(histogram, q))}
              </td>
            ))}
          </tr>
        ))}
      </Table>
      <p class="soft" style={{ marginTop: '10px' }}>
        A generator that waits for answers before it asks again reports the second line and hides the first.
      </p>
    </>
  )
}
