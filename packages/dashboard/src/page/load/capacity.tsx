/** The search for a capacity: each rate that was tried, with its interval, against the objective; and how it scales. */
import type { CapacityResult, CapacityTrial, LoadReport, UslSummary } from '@whetstone/model'
import { formatFraction, formatNumber, formatRate, formatTick } from '../../reading/format.ts'
import { metricFigure } from '../../reading/load-words.ts'
import { linearTicks, logRange, logTicks } from '../../reading/ticks.ts'
import { Chip, DataTable, Missing, numbers, Section, Table } from '../pieces.tsx'
import { Scatter, type ScatterPoint } from './scatter.tsx'

export function Capacity({ report }: { readonly report: LoadReport }) {
  const { capacity } = report
  if (capacity === undefined) return null
  return (
    <Section
      id="capacity"
      title="The search"
      note="Each rate was offered for a while; green held the objective, a cross did not"
    >
      <div class="pair">
        <figure class="card">
          <h3>Offered rate against the objective</h3>
          <Trials capacity={capacity} />
        </figure>
        <figure class="card">
          <h3>How it scales</h3>
          <Scaling capacity={capacity} />
        </figure>
      </div>
      <div class="card" style={{ marginTop: '16px' }}>
        <TrialTable capacity={capacity} />
      </div>
    </Section>
  )
}

function Trials({ capacity: { trials, objective, ratePerSecond, outcome } }: { readonly capacity: CapacityResult }) {
  const [first] = objective
  const valued = trials.filter(({ value }) => value !== undefined)
  if (first === undefined || valued.length === 0)
    return <Missing why="No trial had a value to compare with the objective; the table below says why." />
  const isTime = first.metric.kind === 'response' || first.metric.kind === 'service'
  const values = [...valued.flatMap(({ value }) => [value!.estimate, value!.low, value!.high]), first.limit]
  const positive = values.filter(value => value > 0 && Number.isFinite(value))
  const highest = Math.max(...positive, first.limit)
  const yRange = isTime ? logRange(Math.min(...positive), highest) : ([0, highest * 1.1] as const)
  const most = Math.max(...trials.map(({ offeredRatePerSecond }) => offeredRatePerSecond)) * 1.06
  return (
    <Scatter
      x={{ range: [0, most], ticks: linearTicks(most, 6), text: formatNumber, title: 'offered requests per second' }}
      y={{
        range: yRange,
        ticks: isTime ? logTicks(...yRange, 8) : linearTicks(yRange[1], 5),
        text: value => (isTime ? formatTick(value) : metricFigure(first.metric, value)),
        title: '',
        log: isTime,
      }}
      points={valued.map(trial => pointOf(trial, first.metric))}
      levels={[{ y: first.limit, text: first.text }]}
      {...(outcome === 'found' && ratePerSecond ? { band: [ratePerSecond.low, ratePerSecond.high] as const } : {})}
      description={`${trials.length} rates tried against ${first.text}; ${trials.filter(({ held }) => held).length} held.`}
    />
  )
}

function pointOf(trial: CapacityTrial, metric: CapacityResult['objective'][number]['metric']): ScatterPoint {
  const value = trial.value!
  return {
    x: trial.offeredRatePerSecond,
    y: value.estimate,
    ...(Number.isFinite(value.low) && Number.isFinite(value.high) ? { low: value.low, high: value.high } : {}),
    shape: trial.held ? 'held' : 'broken',
    title: `${formatRate(trial.offeredRatePerSecond)}: ${metricFigure(metric, value.estimate)}${trial.reason ? `, ${trial.reason}` : ''}`,
  }
}

function Scaling({ capacity: { trials, usl, refusal } }: { readonly capacity: CapacityResult }) {
  const measured = trials.filter(({ concurrency }) => concurrency > 0)
  if (measured.length < 2) return <Missing why={refusal ?? 'Too few rates were tried to see how it scales.'} />
  const most = Math.max(...measured.map(({ concurrency }) => concurrency))
  const wide = most / Math.min(...measured.map(({ concurrency }) => concurrency)) > 30
  const least = Math.min(...measured.map(({ concurrency }) => concurrency))
  const curve = usl ? uslCurve(usl, least, most) : []
  const rates = [
    ...measured.map(({ achievedRatePerSecond }) => achievedRatePerSecond),
    ...curve.map(([, rate]) => rate),
  ]
  const fastest = Math.max(...rates) * 1.1
  const xRange = wide ? logRange(least, most) : ([0, most * 1.06] as const)
  return (
    <>
      <Scatter
        x={{
          range: xRange,
          ticks: wide ? logTicks(...xRange, 8) : linearTicks(most * 1.06, 6),
          text: formatNumber,
          title: 'requests under way, mean',
          log: wide,
        }}
        y={{ range: [0, fastest], ticks: linearTicks(fastest, 5), text: formatNumber, title: '' }}
        points={measured.map(trial => ({
          x: trial.concurrency,
          y: trial.achievedRatePerSecond,
          shape: trial.held ? 'held' : trial.value === undefined ? 'plain' : 'broken',
          title: `${formatNumber(trial.concurrency)} under way: ${formatRate(trial.achievedRatePerSecond)}`,
        }))}
        curves={usl ? [{ token: 'accent', points: curve }] : []}
        description={usl ? uslText(usl) : (refusal ?? 'Requests under way against requests per second.')}
      />
      <p class="soft">{usl ? uslText(usl) : (refusal ?? '')}</p>
      {usl && refusal !== undefined && <p class="soft">{refusal}</p>}
    </>
  )
}

const CURVE_POINTS = 60

/** Only over what was measured: beyond it the law has been wrong often enough. X(n) = λn / (1 + σ(n − 1) + κn(n − 1)), Gunther 2007. */
function uslCurve(usl: UslSummary, least: number, most: number): readonly (readonly [number, number])[] {
  const [lambda, sigma, kappa] = [usl.singlePerSecond, usl.contention, usl.coherency].map(({ estimate }) => estimate)
  return Array.from({ length: CURVE_POINTS + 1 }, (_, step) => {
    const n = least * (most / least) ** (step / CURVE_POINTS)
    return [n, (lambda! * n) / (1 + sigma! * (n - 1) + kappa! * n * (n - 1))] as const
  })
}

function uslText({ contention, coherency, errorFraction, peak }: UslSummary): string {
  const range = ({ low, high }: UslSummary['contention']) => `${formatFraction(low)} to ${formatFraction(high)}`
  const law = `Universal scalability law: contention ${range(contention)}, coherency ${range(coherency)}, off by ${formatFraction(errorFraction)}.`
  const where = peak
    ? ` Its peak is ${formatNumber(peak.ratePerSecond)} per second with ${formatNumber(peak.concurrency.estimate)} under way.`
    : ''
  return law + where
}

/** A look without a value decided nothing; another one followed. */
function Outcome({ trial: { held, value } }: { readonly trial: CapacityTrial }) {
  if (held) return <Chip tone="good">held</Chip>
  return value === undefined ? <Chip tone="warn">not decided</Chip> : <Chip tone="bad">not held</Chip>
}

/** The limits beyond the first have their figures here, for a column each would be empty for most. */
function whyText({ reason, furtherValues = [] }: CapacityTrial, objective: CapacityResult['objective']): string {
  const further = furtherValues.map(({ limit, value }) => {
    const metric = objective.find(({ text }) => text === limit)?.metric
    if (metric === undefined) return ''
    const [figure, low, high] = [value.estimate, value.low, value.high].map(one => metricFigure(metric, one))
    return `${limit}: ${figure}, ${low} to ${high}`
  })
  return [...(reason === undefined ? [] : [reason]), ...further].filter(Boolean).join('; ')
}

function TrialTable({ capacity: { trials, objective } }: { readonly capacity: CapacityResult }) {
  const metric = objective[0]?.metric
  return (
    <>
      <Table
        label="Rates that were tried"
        columns={['Outcome', ...numbers('Offered', 'Achieved', 'Value', '95 % interval', 'Under way'), 'Why']}
      >
        {trials.map((trial, index) => (
          <tr key={index}>
            <td>
              <Outcome trial={trial} />
            </td>
            <td class="number">{formatRate(trial.offeredRatePerSecond)}</td>
            <td class="number">{formatRate(trial.achievedRatePerSecond)}</td>
            <td class="number">{metric ? metricFigure(metric, trial.value?.estimate) : '–'}</td>
            <td class="number">
              {metric && trial.value
                ? `${metricFigure(metric, trial.value.low)} to ${metricFigure(metric, trial.value.high)}`
                : '–'}
            </td>
            <td class="number">{formatNumber(trial.concurrency)}</td>
            <td>{whyText(trial, objective)}</td>
          </tr>
        ))}
      </Table>
      {objective.length > 1 && <DataTable head={['Objective']} rows={objective.map(({ text }) => [text])} />}
    </>
  )
}
