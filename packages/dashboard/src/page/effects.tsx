/** Each metric with before, after, change and its interval on one shared scale; without a trial, where the time goes instead. */
import type { MetricComparison, RunReport } from '@whetstone/model'
import { formatMetric, metricWords, toneOf } from '../reading/compare.ts'
import { formatChange, formatChangeRange, formatFraction, formatNumber } from '../reading/format.ts'
import { scaleOf, shownMetrics, type EffectScale } from '../reading/effects.ts'
import { DataTable, Missing } from './pieces.tsx'

export function Effects({ report }: { readonly report: RunReport }) {
  if (!report.trial) return <TimeShares report={report} />
  const { metrics, marginFraction, guard } = report.trial
  const shown = shownMetrics(metrics)
  const scale = scaleOf(shown, marginFraction)
  return (
    <>
      <div class="card-head">
        <h3>Size of the effect</h3>
        <span class="soft">grey band: within ±{formatFraction(marginFraction)} counts as equal</span>
      </div>
      <div class="scroll" tabIndex={0} role="region" aria-label="Size of the effect">
        <table class="effect">
          <thead>
            <tr>
              <th scope="col">Metric</th>
              <th scope="col" class="number">
                Before
              </th>
              <th scope="col" class="number">
                After
              </th>
              <th scope="col" class="number">
                Change
              </th>
              <th scope="col" class="interval">
                <Scale scale={scale} />
              </th>
            </tr>
          </thead>
          <tbody>
            {shown.map(metric => (
              <Row
                key={`${metric.route} ${metric.name}`}
                metric={metric}
                scale={scale}
                margin={marginFraction}
                tooNoisy={guard.tooNoisy}
              />
            ))}
          </tbody>
        </table>
      </div>
      <DataTable
        head={['Metric', 'Before', 'After', 'Change', '95 % interval', 'p after Holm', 'Pairs', 'Verdict']}
        rows={metrics.map(metric => [
          labelOf(metric),
          formatMetric(metric.name, metric.a),
          formatMetric(metric.name, metric.b),
          formatChange(metric.ratio),
          metric.deterministic ? 'counted' : formatChangeRange(metric.ratio),
          metric.deterministic ? '' : formatNumber(metric.pAdjusted),
          String(metric.pairs),
          metric.verdict,
        ])}
      />
    </>
  )
}

function Row({
  metric,
  scale,
  margin,
  tooNoisy,
}: {
  readonly metric: MetricComparison
  readonly scale: EffectScale
  readonly margin: number
  readonly tooNoisy: boolean
}) {
  const tone = toneOf(metric.verdict, tooNoisy)
  const changed = metric.verdict === 'better' || metric.verdict === 'worse'
  return (
    <tr>
      <td class="words">{labelOf(metric)}</td>
      <td class="number">{formatMetric(metric.name, metric.a)}</td>
      <td class="number">{formatMetric(metric.name, metric.b)}</td>
      <td class={`number strong ${tone === 'plain' ? '' : `text-${tone}`}`}>
        {changed ? formatChange(metric.ratio) : metric.verdict}
      </td>
      <td class="interval">
        <IntervalPlot metric={metric} scale={scale} margin={margin} tone={tone} />
      </td>
    </tr>
  )
}

function IntervalPlot({
  metric,
  scale,
  margin,
  tone,
}: {
  readonly metric: MetricComparison
  readonly scale: EffectScale
  readonly margin: number
  readonly tone: string
}) {
  const x = (ratio: number): string => `${(scale.position(ratio) * 100).toFixed(2)}%`
  const { estimate, low, high } = metric.ratio
  // From nothing to something has no ratio.
  if (![estimate, low, high].every(Number.isFinite)) return null
  const stroke = tone === 'plain' || tone === 'muted' ? 'var(--ink-3)' : `var(--${tone})`
  const band = [scale.position(1 - margin), scale.position(1 + margin)] as const
  return (
    <svg
      role="img"
      aria-label={`${formatChange(metric.ratio)}, interval ${formatChangeRange(metric.ratio)}: ${metric.verdict}`}
    >
      <rect x={`${band[0] * 100}%`} width={`${(band[1] - band[0]) * 100}%`} y="0" height="18" fill="var(--line)" />
      <line x1={x(1)} x2={x(1)} y1="0" y2="18" stroke="var(--line-strong)" />
      <line x1={x(estimate)} x2={x(1)} y1="9" y2="9" stroke={stroke} stroke-opacity="0.35" />
      <line x1={x(low)} x2={x(high)} y1="9" y2="9" stroke={stroke} stroke-width="3" stroke-linecap="round" />
      <circle cx={x(estimate)} cy="9" r="3.5" fill={stroke} />
    </svg>
  )
}

function Scale({ scale }: { readonly scale: EffectScale }) {
  return (
    <div class="interval-scale" aria-hidden="true">
      {scale.ticks.map(tick => (
        <span key={tick.text} style={{ left: `${scale.position(tick.ratio) * 100}%` }}>
          {tick.text}
        </span>
      ))}
    </div>
  )
}

function labelOf({ route, name }: MetricComparison): string {
  return route === 'overall' ? metricWords(name) : `${route} ${metricWords(name)}`
}

function TimeShares({ report }: { readonly report: RunReport }) {
  const tokens = ['p50', 'span-wait', 'span-app', 'span-http', 'before', 'p95']
  const shares = report.timeShares.slice(0, tokens.length)
  return (
    <>
      <h3>Where the time goes</h3>
      {shares.length === 0 ? (
        <Missing
          why="Nothing was seen from inside the service. Let Whetstone start it, so that it can look:"
          type="whetstone diagnose -- <your start command>"
        />
      ) : (
        <>
          <div class="stack" aria-hidden="true">
            {shares.map(({ component, fraction }, index) => (
              <i key={component} style={{ width: `${fraction * 100}%`, background: `var(--${tokens[index]})` }} />
            ))}
          </div>
          <table>
            <tbody>
              {shares.map(({ component, fraction }, index) => (
                <tr key={component}>
                  <td>
                    <span class="legend">
                      <span>
                        <i class="swatch" style={{ background: `var(--${tokens[index]})` }} />
                        {component}
                      </span>
                    </span>
                  </td>
                  <td class="number">{formatFraction(fraction)}</td>
                </tr>
              ))}
            </tbody>
          </table>
        </>
      )}
    </>
  )
}
