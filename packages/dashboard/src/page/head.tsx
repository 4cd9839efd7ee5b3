/** The answer: context, the verdict as a sentence, budgets, and six numbers. */
import { reportedStep, type BudgetResult, type MetricName, type NumberParts, type RunReport } from '@whetstone/model'
import { metricWords, overallMetric, toneOf } from '../reading/compare.ts'
import {
  formatChange,
  formatChangeRange,
  formatDuration,
  formatFraction,
  formatInstant,
  formatMs,
  formatNumber,
  partsOfFraction,
  partsOfMs,
  plural,
  THIN,
} from '../reading/format.ts'
import { errorFraction, lostPairs, verdictOf } from '../reading/verdict.ts'
import { Chip, Notes, type Tone } from './pieces.tsx'

const MOST_CHIPS = 7

export function Head({ report }: { readonly report: RunReport }) {
  const { run, target } = report
  const verdict = verdictOf(report)
  return (
    <div id="result">
      <div class="context">
        <strong>{target.name}</strong>
        {report.trial && (
          <span>
            {report.trial.armA} → {report.trial.armB}
          </span>
        )}
        {run.git && (
          <span>
            commit <code>{run.git.commit.slice(0, 10)}</code>
            {run.git.dirty ? ' with local changes' : ''}
          </span>
        )}
        <span>{formatInstant(run.startedAt)}</span>
        <span>{formatDuration(run.durationMs)}</span>
      </div>
      <h1 aria-live="polite">{verdict.sentence}</h1>
      <p class="detail">{verdict.detail}</p>
      <Chips report={report} />
      <Notes texts={report.warnings} />
      <Tiles report={report} />
    </div>
  )
}

function Chips({ report }: { readonly report: RunReport }) {
  const worstFirst = ['bad', 'warn', 'good', 'plain']
  const rankOf = (budget: BudgetResult) => worstFirst.indexOf(toneOfBudget(budget))
  const budgets = report.budgets.toSorted((a, b) => rankOf(a) - rankOf(b))
  const hidden = budgets.slice(MOST_CHIPS)
  const [first] = hidden
  return (
    <ul class="chips" aria-label="Budgets">
      {budgets.slice(0, MOST_CHIPS).map(budget => (
        <li key={`${budget.route} ${budget.metric}`}>
          <Chip tone={toneOfBudget(budget)}>{budgetText(budget)}</Chip>
        </li>
      ))}
      {hidden.length > 0 && (
        <li>
          <Chip tone={first ? toneOfBudget(first) : 'plain'}>{hiddenText(hidden)}</Chip>
        </li>
      )}
      <li>
        <Noise report={report} />
      </li>
    </ul>
  )
}

function toneOfBudget({ ok, unknown }: BudgetResult): Tone {
  return unknown === undefined ? (ok ? 'good' : 'bad') : 'warn'
}

function budgetText({ route, metric, value, limit, unknown }: BudgetResult): string {
  const format = metric === 'errorFraction' ? formatFraction : formatMs
  const name = metric === 'errorFraction' ? 'errors' : metric.slice(0, 3)
  const figure = unknown !== undefined ? 'not known' : value === undefined ? 'without an answer' : format(value)
  return `${route === '*' ? '' : `${route} `}${name} ${figure}, budget ${format(limit)}`
}

function hiddenText(hidden: readonly BudgetResult[]): string {
  const missed = hidden.filter(budget => toneOfBudget(budget) === 'bad').length
  if (missed > 0) return `${missed} more missed`
  const unknown = hidden.filter(budget => toneOfBudget(budget) === 'warn').length
  return unknown > 0 ? `${unknown} more not known` : `${hidden.length} more kept`
}

/** The smallest change worth a verdict: noise below it hides none. */
const QUIET_FRACTION = 0.05

/** Always the last chip: how far this machine can be trusted. */
function Noise({ report }: { readonly report: RunReport }) {
  const guard = report.trial?.guard
  const generator = reportedStep(report.loadCurve)?.generator
  if (report.trial && lostPairs(report.trial))
    return (
      <Chip tone="warn">too few pairs: {plural(report.trial.thrownOut, 'block was', 'blocks were')} thrown out</Chip>
    )
  if (guard?.tooNoisy)
    return <Chip tone="warn">too noisy: the same service differed by {formatFraction(guard.spreadFraction)}</Chip>
  if (guard)
    return (
      <Chip tone="plain">
        {guard.spreadFraction <= QUIET_FRACTION ? 'quiet machine' : 'base against itself'}: noise ±
        {formatFraction(guard.spreadFraction)}
      </Chip>
    )
  if (generator && generator.verdict !== 'healthy')
    return (
      <Chip tone="warn">
        load generator {generator.verdict}
        {report.warnings.some(text => text.startsWith('load generator')) ? '' : `: ${generator.reasons.join(', ')}`}
      </Chip>
    )
  return <Chip tone="plain">noise of this machine was not measured</Chip>
}

function Tiles({ report }: { readonly report: RunReport }) {
  const { overall } = report
  const requests = `of ${plural(overall.requests, 'request')}`
  // Latency is that of good answers: where requests failed there are fewer of them.
  const answered = overall.response.count
  const answers = overall.errors > 0 ? `of ${plural(answered, 'good answer')}` : requests
  const tiles: readonly (readonly [MetricName, number | undefined, string])[] = [
    ['p50Ms', answered > 0 ? overall.p50Ms : undefined, answers],
    ['p95Ms', answered > 0 ? overall.p95Ms : undefined, answers],
    ['p99Ms', overall.p99Ms, overall.p99Ms === undefined ? 'too few requests' : answers],
    ['ratePerSecond', overall.ratePerSecond, `asked for ${formatNumber(overall.offeredRatePerSecond)}${THIN}/s`],
    ['errorFraction', overall.requests > 0 ? errorFraction(report) : undefined, requests],
    ['queriesPerRequest', overall.queriesPerRequest, overall.queriesPerRequest === undefined ? 'not seen' : 'mean'],
  ]
  return (
    <div class="card tiles">
      {tiles.map(([name, value, note]) => (
        <Tile key={name} report={report} name={name} value={value} note={note} />
      ))}
    </div>
  )
}

function Tile({
  report,
  name,
  value,
  note,
}: {
  readonly report: RunReport
  readonly name: MetricName
  readonly value: number | undefined
  readonly note: string
}) {
  const metric = overallMetric(report, name)
  const { value: number, unit } = partsOf(name, metric?.b ?? value)
  return (
    <div class="tile">
      <div class="name">{name === 'queriesPerRequest' ? 'Queries / request' : metricWords(name)}</div>
      <div class="value">
        {number}
        <span class="unit">{unit}</span>
      </div>
      {metric ? <Change report={report} metric={metric} /> : <div class="change">{note}</div>}
    </div>
  )
}

function Change({
  report,
  metric,
}: {
  readonly report: RunReport
  readonly metric: NonNullable<ReturnType<typeof overallMetric>>
}) {
  const tone = toneOf(metric.verdict, report.trial?.guard.tooNoisy ?? false)
  const changed = metric.verdict === 'better' || metric.verdict === 'worse'
  const was = partsOf(metric.name, metric.a)
  const interval = metric.deterministic ? 'counted, not estimated' : `95 % interval ${formatChangeRange(metric.ratio)}`
  return (
    <div class="change" title={interval}>
      <span class={`strong ${tone === 'plain' ? '' : `text-${tone}`}`}>
        {changed ? formatChange(metric.ratio) : metric.verdict}
      </span>
      {` · was ${was.value}${was.unit && THIN}${was.unit}`}
    </div>
  )
}

function partsOf(name: MetricName, value: number | undefined): NumberParts {
  if (name === 'errorFraction') return partsOfFraction(value)
  if (name.endsWith('Ms')) return partsOfMs(value)
  return { value: formatNumber(value), unit: name === 'ratePerSecond' && value !== undefined ? '/s' : '' }
}
