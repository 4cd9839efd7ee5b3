/** Makes the one documented object of a run out of evidence and judgements: pure, so that an offline run gives the same. */
import type {
  BudgetResult,
  CoverageRow,
  Evidence,
  EvidenceKind,
  LadderStep,
  LatencyRecord,
  LoadStep,
  PgPlan,
  RankedFinding,
  RouteAggregate,
  RouteLoad,
  RouteResult,
  RunEvent,
  RunInfo,
  RunReport,
  SkippedRoute,
  TargetInfo,
  Trace,
  TrialResult,
  LatencySummary,
  LoadCurveEvidence,
} from '@whetstone/model'
import { evidenceKinds } from '@whetstone/model'
import { meanOf, quantileMs } from '../measure/quantiles.ts'

export interface AssembleInput {
  readonly run: RunInfo
  readonly target: Omit<TargetInfo, 'evidence' | 'framework' | 'databaseVersion'>
  readonly framework?: string
  readonly evidence: Evidence
  readonly findings: readonly RankedFinding[]
  readonly coverage: readonly CoverageRow[]
  readonly skipped: readonly SkippedRoute[]
  readonly budgets?: Readonly<Record<string, Partial<Record<BudgetResult['metric'], number>>>>
  readonly trial?: TrialResult
  readonly ladder?: readonly LadderStep[]
  readonly loadCurveAfter?: LoadCurveEvidence
  readonly events?: readonly RunEvent[]
  readonly warnings?: readonly string[]
  readonly failed?: boolean
  readonly exitCode?: number
}

export function assembleReport(input: AssembleInput): RunReport {
  const step = measuredStep(input.evidence)
  const routes = step ? routeResults(step, input.evidence) : []
  const overall = step
    ? summary(step.overall, step.offeredRatePerSecond, step.durationMs, overallQueries(input.evidence))
    : emptySummary
  const budgets = budgetResults(input.budgets ?? {}, routes, overall)
  const statementIds = new Set(
    input.findings.flatMap(finding => (finding.where.statementId ? [finding.where.statementId] : [])),
  )
  const exemplars = exemplarTraces(input.evidence, input.findings)
  for (const trace of exemplars)
    for (const span of trace.spans) if (span.statementId) statementIds.add(span.statementId)
  const source = input.evidence.source
  return {
    schema: 'whetstone/run@1',
    run: input.run,
    target: {
      ...input.target,
      ...(input.framework ? { framework: input.framework } : {}),
      ...(input.evidence.pg
        ? {
            databaseVersion: `PostgreSQL ${Math.floor(input.evidence.pg.serverVersion / 10_000)}.${input.evidence.pg.serverVersion % 10_000}`,
          }
        : {}),
      evidence: Object.fromEntries(evidenceKinds.map(kind => [kind, stateOf(kind, input.evidence)])),
    },
    verdict: input.failed
      ? 'failed'
      : input.trial
        ? input.trial.guard.tooNoisy
          ? 'too-noisy'
          : input.trial.verdict
        : 'diagnosed',
    exitCode: input.exitCode ?? 0,
    budgets,
    routes,
    overall,
    findings: input.findings,
    coverage: input.coverage,
    skipped: input.skipped,
    timeShares: timeShares(input.evidence),
    ...(input.evidence['load-curve'] ? { loadCurve: input.evidence['load-curve'] } : {}),
    ...(input.loadCurveAfter ? { loadCurveAfter: input.loadCurveAfter } : {}),
    ...(input.trial ? { trial: input.trial } : {}),
    ...(input.ladder ? { ladder: input.ladder } : {}),
    statements: (input.evidence.statements?.statements ?? []).filter(statement => statementIds.has(statement.id)),
    traces: exemplars,
    plans: plansOf(input.evidence, statementIds),
    excerpts: source?.excerpts ?? {},
    ...(input.evidence['cpu-profile'] ? { cpuProfile: input.evidence['cpu-profile'] } : {}),
    ...(input.evidence.host ? { host: input.evidence.host } : {}),
    events: input.events ?? [],
    warnings: [...(input.warnings ?? []), ...generatorWarnings(step)],
  }
}

/** The step that is reported, never the warm-up. */
export function measuredStep(evidence: Evidence): LoadStep | undefined {
  return evidence['load-curve']?.steps.findLast(step => step.purpose === 'measure')
}

const emptySummary: LatencySummary = {
  requests: 0,
  errors: 0,
  ratePerSecond: 0,
  offeredRatePerSecond: 0,
  p50Ms: 0,
  p95Ms: 0,
  response: { schema: 'log-linear@1', digits: 3, count: 0, min: 0, max: 0, sum: 0, buckets: [] },
}

function routeResults(step: LoadStep, evidence: Evidence): RouteResult[] {
  const total = step.routes.reduce((sum, route) => sum + route.requests, 0) || 1
  const waiting = step.routes.reduce((sum, route) => sum + route.response.sum, 0) || 1
  return step.routes
    .map(route => ({
      route: route.route,
      ...summary(
        route,
        (step.offeredRatePerSecond * route.requests) / total,
        step.durationMs,
        queriesOf(route, evidence),
      ),
      weightFraction: route.requests / total,
      timeFraction: route.response.sum / waiting,
      ...databaseFraction(route, evidence),
    }))
    .toSorted((a, b) => b.timeFraction - a.timeFraction)
}

function summary(
  record: LatencyRecord,
  offered: number,
  durationMs: number,
  queries: number | undefined,
): LatencySummary {
  return {
    requests: record.requests,
    errors: record.errors,
    ratePerSecond: record.requests / (durationMs / 1_000),
    offeredRatePerSecond: offered,
    p50Ms: quantileMs(record.response, 0.5),
    p95Ms: quantileMs(record.response, 0.95),
    // Fewer than ten samples beyond a quantile say little about it.
    ...(record.response.count >= 1_000 ? { p99Ms: quantileMs(record.response, 0.99) } : {}),
    ...(queries === undefined ? {} : { queriesPerRequest: queries }),
    response: record.response,
  }
}

function queriesOf(route: RouteLoad, evidence: Evidence): number | undefined {
  const aggregate = evidence.traces?.routes.find(other => other.route === route.route)
  return aggregate && meanOf(aggregate.queriesPerRequest)
}

function overallQueries(evidence: Evidence): number | undefined {
  const routes = evidence.traces?.routes
  if (!routes || routes.length === 0) return undefined
  const requests = routes.reduce((sum, route) => sum + route.requests, 0)
  return requests === 0 ? undefined : routes.reduce((sum, route) => sum + route.queriesPerRequest.sum, 0) / requests
}

function databaseFraction(route: RouteLoad, evidence: Evidence): { databaseFraction?: number } {
  const aggregate = evidence.traces?.routes.find(other => other.route === route.route)
  if (!aggregate || aggregate.duration.sum === 0) return {}
  return { databaseFraction: Math.min(1, (aggregate.databaseMs * 1_000) / aggregate.duration.sum) }
}

function budgetResults(
  budgets: NonNullable<AssembleInput['budgets']>,
  routes: readonly RouteResult[],
  overall: LatencySummary,
): BudgetResult[] {
  return Object.entries(budgets).flatMap(([route, limits]) => {
    const record = route === '*' ? overall : routes.find(other => other.route === route)
    if (!record) return []
    return Object.entries(limits).map(([name, limit]) => {
      const metric = name as BudgetResult['metric']
      const value =
        metric === 'errorFraction' ? record.errors / Math.max(1, record.requests) : (record[metric] ?? record.p95Ms)
      return { route, metric, limit, value, ok: value <= limit, source: 'config' }
    })
  })
}

function stateOf(kind: EvidenceKind, evidence: Evidence): 'gathered' | 'partial' | 'missing' {
  if (!evidence[kind]) return 'missing'
  if (kind === 'pg' && Object.keys(evidence.pg?.unavailable ?? {}).length > 0) return 'partial'
  if (kind === 'traces' && evidence.traces?.source === 'otlp') return 'partial'
  return 'gathered'
}

/** For each finding one trace that shows it best: of its route, holding its statement, fair sample first. */
function exemplarTraces(evidence: Evidence, findings: readonly RankedFinding[]): Trace[] {
  const chosen = new Map<string, Trace>()
  for (const finding of findings) {
    const named = new Set(finding.facts.flatMap(fact => (fact.evidence.traceId ? [fact.evidence.traceId] : [])))
    const candidates = (evidence.traces?.traces ?? []).filter(
      trace => !finding.where.route || trace.route === finding.where.route,
    )
    const holding = candidates.filter(
      trace => !finding.where.statementId || trace.spans.some(span => span.statementId === finding.where.statementId),
    )
    const best =
      holding.find(trace => named.has(trace.id)) ??
      holding.toSorted((a, b) => a.durationMs - b.durationMs)[Math.floor(holding.length / 2)]
    if (best) chosen.set(best.id, best)
  }
  return [...chosen.values()]
}

function plansOf(evidence: Evidence, statementIds: ReadonlySet<string>): RunReport['plans'] {
  const pg = evidence.pg
  if (!pg) return []
  return pg.plans
    .filter(plan => statementIds.has(plan.statementId))
    .map(plan => {
      const after = pg.indexTrials
        .flatMap(trial => trial.results)
        .find(result => result.statementId === plan.statementId && result.usesCandidate && result.planAfter)
      if (!after?.planAfter) return plan
      const afterPlan: PgPlan = {
        statementId: plan.statementId,
        kind: plan.kind,
        totalCost: after.costAfter,
        root: after.planAfter,
      }
      return { ...plan, after: afterPlan }
    })
}

function timeShares(evidence: Evidence): RunReport['timeShares'] {
  const routes = evidence.traces?.routes ?? []
  const total = routes.reduce((sum, route) => sum + route.duration.sum / 1_000, 0)
  if (total === 0) return []
  const part = (read: (route: RouteAggregate) => number) => routes.reduce((sum, route) => sum + read(route), 0) / total
  const shares = [
    { component: 'database', fraction: part(route => route.databaseMs) },
    { component: 'waiting for a pool connection', fraction: part(route => route.poolWaitMs) },
    { component: 'connecting to the database', fraction: part(route => route.connectMs) },
    { component: 'other services', fraction: part(route => route.outboundMs) },
  ]
  const named = shares.reduce((sum, share) => sum + share.fraction, 0)
  // Concurrent queries add up to more than the wall clock; the rest is then not negative but unknown.
  return [...shares, { component: 'application and event loop', fraction: Math.max(0, 1 - named) }]
    .filter(share => share.fraction > 0.005)
    .toSorted((a, b) => b.fraction - a.fraction)
}

function generatorWarnings(step: LoadStep | undefined): string[] {
  if (!step || step.generator.verdict === 'healthy') return []
  return [`load generator ${step.generator.verdict}: ${step.generator.reasons.join('; ')}`]
}
