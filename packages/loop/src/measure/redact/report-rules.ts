/** The rules for a report: its figures, and in place of its sentences those of the catalogue, which hold no values. */
import { practiceById } from '@whetstone/catalogue'
import {
  type BlockMetric,
  type BudgetResult,
  type CoverageRow,
  type Edit,
  type Fact,
  type FindingRemedy,
  fingerprintOf,
  type Interval,
  type LadderStep,
  type LatencySummary,
  type MeasuredGain,
  type MetricComparison,
  type PgPlan,
  type PredictedQuantile,
  type Prediction,
  type Quantity,
  type RankedFinding,
  type ReportedPlan,
  type RouteResult,
  type RunEvent,
  type RunInfo,
  type RunReport,
  type SkippedRoute,
  type TargetInfo,
  type TrialBlock,
  type TrialResult,
  type Where,
} from '@whetstone/model'
import { cpuProfile, host } from './evidence-rules.ts'
import { histogram, loadCurve, site } from './load-rules.ts'
import { planRules } from './pg-rules.ts'
import { keyTemplate, statement, statementId, trace, traceId } from './trace-rules.ts'
import {
  alias,
  blank,
  figure,
  gone,
  instant,
  instead,
  key,
  label,
  list,
  metric,
  name,
  object,
  record,
  resource,
  route,
  type Rule,
  type Rules,
  runId,
  schema,
  template,
  version,
  word,
} from './rules.ts'

const practice: Rule = value => (typeof value === 'string' && practiceById(value) ? value : '')

/** The sentences of a practice, in place of those that were made for this run. */
function withOwnWords(rule: Rule): Rule {
  return (value, redaction) => {
    const kept = rule(value, redaction) as { readonly practice?: string } | undefined
    return kept && { ...kept, title: practiceById(kept.practice ?? '')?.title ?? '' }
  }
}

const interval: Rules<Interval> = { estimate: figure, low: figure, high: figure }
const quantile = object<PredictedQuantile>({ ...interval, beforeMs: figure })
const beforeAndAfter = object<{ before: number; after: number }>({ before: figure, after: figure })

const whereRules: Rules<Where> = { route, statementId, site, resource }

const fact = object<Fact>({
  label,
  quantity: object<Quantity>({ value: figure, unit: word, low: figure, high: figure }),
  evidence: object<Fact['evidence']>({ kind: word, traceId, statementId, path: gone }),
})

type EditFields<E extends { readonly kind: string }> = Extract<Edit, E>
const edit = object<Edit>({
  kind: word,
  change: object<EditFields<{ kind: 'trace' }>['change'] | EditFields<{ kind: 'connection' }>['change']>({
    kind: word,
    statementId,
    statementIds: list(statementId),
    keyTemplate,
    hitFraction: figure,
    coldHitFraction: figure,
    host: alias('host'),
    urlTemplate: template,
    from: figure,
    to: figure,
  }),
  route,
  from: figure,
  to: figure,
  resource: word,
  removeMsPerRequest: figure,
  blocking: figure,
  offloaded: figure,
  statements: list(
    object<EditFields<{ kind: 'plan' }>['statements'][number]>({
      statementId,
      costBefore: figure,
      costAfter: figure,
      medianMsBefore: figure,
      medianMsAfter: figure,
    }),
  ),
  bytesBefore: figure,
  bytesAfter: figure,
  statementId,
})

const findingFields = object<RankedFinding>({
  fingerprint: blank,
  practice,
  title: blank,
  where: object<Where>(whereRules),
  facts: list(fact),
  confidence: word,
  edit,
  risk: word,
  remedy: object<FindingRemedy>({ summary: blank, steps: list(gone), code: gone }),
  severity: word,
  gainFraction: figure,
  predicted: object<Prediction>({
    route,
    p50Ms: quantile,
    p95Ms: quantile,
    p99AtMostMs: figure,
    capacityRatio: figure,
    bytes: beforeAndAfter,
    queriesPerRequest: beforeAndAfter,
    traces: figure,
    method: word,
  }),
  measured: object<MeasuredGain>({ metric: label, before: figure, after: figure, ratio: object<Interval>(interval) }),
  also: list(withOwnWords(object<RankedFinding['also'][number]>({ practice, title: blank }))),
})

const finding: Rule = (value, redaction) => {
  const kept = withOwnWords(findingFields)(value, redaction) as RankedFinding | undefined
  return (
    kept && {
      ...kept,
      fingerprint: fingerprintOf(kept.practice, kept.where),
      remedy: { summary: practiceById(kept.practice)?.remedy.summary ?? '', steps: [] },
    }
  )
}

const summary: Rules<LatencySummary> = {
  requests: figure,
  errors: figure,
  ratePerSecond: figure,
  offeredRatePerSecond: figure,
  p50Ms: figure,
  p95Ms: figure,
  p99Ms: figure,
  queriesPerRequest: figure,
  response: histogram,
}

const trial = object<TrialResult>({
  schema,
  armA: instead('a'),
  armB: instead('b'),
  pairs: figure,
  blockMs: figure,
  warmUpMs: figure,
  ratePerSecond: figure,
  marginFraction: figure,
  seed: figure,
  verdict: word,
  guard: object<TrialResult['guard']>({ pairs: figure, spreadFraction: figure, tooNoisy: figure }),
  metrics: list(
    object<MetricComparison>({
      route,
      name: metric,
      gated: figure,
      deterministic: figure,
      a: figure,
      b: figure,
      ratio: object<Interval>(interval),
      p: figure,
      pAdjusted: figure,
      pairs: figure,
      verdict: word,
    }),
  ),
  blocks: list(
    object<TrialBlock>({
      pair: figure,
      arm: word,
      order: figure,
      startedAt: instant,
      pid: figure,
      requests: figure,
      errors: figure,
      metrics: list(object<BlockMetric>({ route, name: metric, value: figure })),
      generator: word,
      thrownOut: instead('thrown out'),
    }),
  ),
  histograms: object<TrialResult['histograms']>({ a: histogram, b: histogram }),
  thrownOut: figure,
  durationMs: figure,
})

export const report = object<RunReport>({
  schema,
  run: object<RunInfo>({
    id: runId,
    startedAt: instant,
    durationMs: figure,
    interruptedAfterMs: figure,
    command: blank,
    tool: version,
    node: version,
    machine: blank,
    git: gone,
    seed: figure,
  }),
  target: object<TargetInfo>({
    name: blank,
    url: blank,
    command: gone,
    framework: name,
    database: gone,
    databaseVersion: version,
    evidence: record(key(word), word),
  }),
  verdict: word,
  exitCode: figure,
  budgets: list(
    object<BudgetResult>({
      route,
      metric,
      limit: figure,
      value: figure,
      ok: figure,
      unknown: instead('could not be judged'),
      source: word,
    }),
  ),
  routes: list(
    object<RouteResult>({
      ...summary,
      route,
      weightFraction: figure,
      timeFraction: figure,
      databaseFraction: figure,
    }),
  ),
  overall: object<LatencySummary>(summary),
  findings: list(finding),
  coverage: list(
    withOwnWords(
      object<CoverageRow>({
        practice,
        chapter: word,
        title: blank,
        state: word,
        note: blank,
        missing: list(word),
        give: gone,
      }),
    ),
  ),
  skipped: list(object<SkippedRoute>({ route, why: blank, give: blank })),
  timeShares: list(object<RunReport['timeShares'][number]>({ component: label, fraction: figure })),
  loadCurve,
  trial,
  ladder: list(
    object<LadderStep>({
      label,
      practice,
      p50Ms: figure,
      p95Ms: figure,
      p99Ms: figure,
      requests: figure,
    }),
  ),
  statements: list(statement),
  traces: list(trace),
  plans: list(object<ReportedPlan>({ ...planRules, after: object<PgPlan>(planRules), index: resource })),
  excerpts: record(gone, gone),
  cpuProfile,
  host,
  events: list(object<RunEvent>({ atMs: figure, kind: word, text: blank })),
  warnings: list(gone),
})
