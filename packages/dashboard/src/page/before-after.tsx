/** Latency by percentile, and the size of each effect with its interval. */
import type { RunReport } from '@whetstone/model'
import { shownMetrics } from '../reading/effects.ts'
import { formatMs, formatTick } from '../reading/format.ts'
import { alongDepths, atDepth, curvesOf, depthName, depthTicks, type CurvePoint } from '../reading/percentiles.ts'
import { logRange, logTicks } from '../reading/ticks.ts'
import { Effects } from './effects.tsx'
import { DataTable, Missing, Section } from './pieces.tsx'
import { Plot } from './plot.tsx'

export function BeforeAfter({ report }: { readonly report: RunReport }) {
  const compared = report.trial !== undefined
  return (
    <Section
      id="change"
      title={compared ? 'Before and after' : 'Latency'}
      note={
        compared
          ? 'Runs alternate in random order so that machine drift cancels out'
          : 'From the moment each request was due, not from when it was sent'
      }
    >
      <div class="pair">
        <figure class="card">
          <Percentiles report={report} />
        </figure>
        <div class="card">
          <Effects report={report} />
        </div>
      </div>
    </Section>
  )
}

function Percentiles({ report }: { readonly report: RunReport }) {
  const curves = curvesOf(report)
  const [before, after] = [curves.before ?? [], curves.after ?? []]
  const all = [...before, ...after]
  if (all.length === 0) {
    return (
      <>
        <h3>Latency by percentile</h3>
        <Missing
          why="Too few requests were answered for a curve. Measure longer:"
          type="whetstone diagnose … --duration 60s"
        />
      </>
    )
  }
  const compared = after.length > 0
  const xs = [...new Set(all.map(point => point.depth))].toSorted((a, b) => a - b)
  const budget = report.budgets.find(({ route, metric }) => route === '*' && metric === 'p95Ms')
  // The fastest twentieth would take half the axis and says nothing.
  const values = all.filter(point => point.depth >= 1.05).map(point => point.ms)
  const yRange = logRange(Math.min(...values, budget?.limit ?? Infinity), Math.max(...values, budget?.limit ?? 0))
  const deepest = xs.at(-1)!
  const beforeLine = {
    label: 'before',
    token: compared ? 'before' : 'accent',
    width: compared ? 2 : 2.5,
    dashed: compared,
    values: alongDepths(xs, before),
  }
  const afterLine = { label: 'after', token: 'accent', width: 2.5, values: alongDepths(xs, after) }
  return (
    <>
      <div class="card-head">
        <h3>Latency by percentile</h3>
        {compared && (
          <span class="legend">
            <span>
              <i class="stroke dashed" style={{ color: 'var(--before)' }} />
              before
            </span>
            <span>
              <i class="stroke" style={{ color: 'var(--accent)' }} />
              after
            </span>
          </span>
        )}
      </div>
      <Plot
        height={chartHeight(report)}
        xs={xs}
        lines={compared ? [beforeLine, afterLine] : [beforeLine]}
        yRange={yRange}
        yTicks={logTicks(...yRange)}
        yText={formatTick}
        xRange={[1, deepest]}
        xTicks={depthTicks.map(tick => tick.depth).filter(depth => depth <= deepest * 1.01)}
        xText={depth => depthTicks.find(tick => tick.depth === depth)?.label ?? ''}
        xLog
        levels={budget ? [{ value: budget.limit, text: `budget p95 ≤ ${formatMs(budget.limit)}` }] : []}
        description={`Latency by percentile. ${sentence('Before', before)} ${sentence('After', after)}`}
        readout={index =>
          `${depthName(xs[index]!)}: ${[beforeLine, ...(compared ? [afterLine] : [])].map(line => `${compared ? `${line.label} ` : ''}${formatMs(line.values[index] ?? undefined)}`).join(', ')}`
        }
      />
      <DataTable
        head={['Percentile', ...(compared ? ['Before', 'After'] : ['Latency'])]}
        rows={[2, 4, 10, 20, 100, 1000, 10_000]
          .filter(depth => depth <= deepest)
          .map(depth => [
            depthName(depth),
            formatMs(atDepth(before, depth)),
            ...(compared ? [formatMs(atDepth(after, depth))] : []),
          ])}
      />
    </>
  )
}

/** As tall as the table beside it. */
function chartHeight({ trial }: RunReport): number {
  if (innerWidth < 820) return 280
  return trial ? Math.min(420, 90 + 32 * shownMetrics(trial.metrics).length) : 250
}

function sentence(name: string, curve: readonly CurvePoint[]): string {
  return curve.length === 0 ? '' : `${name}: p50 ${formatMs(atDepth(curve, 2))}, p95 ${formatMs(atDepth(curve, 20))}.`
}
