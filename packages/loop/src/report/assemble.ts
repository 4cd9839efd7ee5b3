/** Makes the one documented object of a run out of evidence and judgements: pure, so that an offline run gives the same. */
import { timeShares } from '@whetstone/catalogue'
import {
  evidenceKinds,
  reportedStep,
  type CoverageRow,
  type Evidence,
  type EvidenceKind,
  type LoadStep,
  type RankedFinding,
  type RouteLoad,
  type RouteResult,
  type RunEvent,
  type RunInfo,
  type RunReport,
  type Severity,
  type SkippedRoute,
  type TargetInfo,
  type Trace,
} from '@whetstone/model'
import { meanOf } from '../measure/quantiles.ts'
import { budgetResults, budgetWarnings, type Budgets } from './budgets.ts'
import { exitCodeOf } from './exit-code.ts'
import { outageEvents } from './outages.ts'
import { plansOf } from './plans.ts'
import { emptySummary, summaryOf } from './summary.ts'

export interface AssembleInput {
  readonly run: RunInfo
  readonly target: Omit<TargetInfo, 'evidence' | 'framework' | 'databaseVersion'>
  readonly framework?: string
  readonly evidence: Evidence
  readonly findings: readonly RankedFinding[]
  readonly coverage: readonly CoverageRow[]
  readonly skipped: readonly SkippedRoute[]
  readonly budgets?: Budgets
  readonly events?: readonly RunEvent[]
  readonly warnings?: readonly string[]
  readonly failed?: boolean
  /** `--fail-on`: findings at least this severe end the run with a code of their own. */
  readonly failOn?: Severity
}

export function assembleReport(input: AssembleInput): RunReport {
  const step = reportedStep(input.evidence['load-curve'])
  const routes = step ? routeResults(step, input.evidence) : []
  const overall = step
    ? summaryOf(step.overall, {
        offeredRatePerSecond: step.offeredRatePerSecond,
        durationMs: step.durationMs,
        queriesPerRequest: overallQueries(input.evidence),
      })
    : emptySummary
  const budgets = budgetResults(input.budgets ?? {}, routes, overall)
  const verdict = input.failed ? 'failed' : 'diagnosed'
  const statementIds = new Set(
    input.findings.flatMap(finding => (finding.where.statementId ? [finding.where.statementId] : [])),
  )
  const outages = outageEvents(input.evidence.pg, input.run.startedAt)
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
    verdict,
    exitCode: exitCodeOf({ run: input.run, verdict, budgets, findings: input.findings }, input.failOn),
    budgets,
    routes,
    overall,
    findings: input.findings,
    coverage: input.coverage,
    skipped: input.skipped,
    timeShares: shownShares(input.evidence),
    ...(input.evidence['load-curve'] ? { loadCurve: input.evidence['load-curve'] } : {}),
    statements: (input.evidence.statements?.statements ?? []).filter(statement => statementIds.has(statement.id)),
    traces: exemplars,
    plans: plansOf(input.evidence.pg, input.findings, statementIds),
    excerpts: source?.excerpts ?? {},
    ...(input.evidence['cpu-profile'] ? { cpuProfile: input.evidence['cpu-profile'] } : {}),
    ...(input.evidence.host ? { host: input.evidence.host } : {}),
    events: [...outages, ...(input.events ?? [])],
    warnings: [
      ...outages.map(({ text }) => text),
      ...(input.warnings ?? []),
      ...unansweredWarnings(input.evidence),
      ...budgetWarnings(budgets),
      ...generatorWarnings(step),
    ],
  }
}

function routeResults(step: LoadStep, evidence: Evidence): RouteResult[] {
  const total = step.routes.reduce((sum, route) => sum + route.requests, 0) || 1
  const waiting = step.routes.reduce((sum, route) => sum + route.response.sum, 0) || 1
  return step.routes
    .map(route => ({
      route: route.route,
      ...summaryOf(route, {
        offeredRatePerSecond: (step.offeredRatePerSecond * route.requests) / total,
        durationMs: step.durationMs,
        queriesPerRequest: queriesOf(route, evidence),
      }),
      weightFraction: route.requests / total,
      timeFraction: route.response.sum / waiting,
      ...databaseFraction(route, evidence),
    }))
    .toSorted((a, b) => b.timeFraction - a.timeFraction)
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

/** Shares too small to see are left out; what remains is the page's, in the words of the findings. */
function shownShares(evidence: Evidence): RunReport['timeShares'] {
  if (!evidence.traces) return []
  return timeShares(evidence.traces)
    .filter(share => share.fraction > 0.005)
    .map(({ component, fraction }) => ({ component, fraction }))
}

/** Questions about the database that stay open: silence of the practices that asked them proves nothing. */
function unansweredWarnings({ pg }: Evidence): string[] {
  const { indexTrials, explain } = pg?.unavailable ?? {}
  return [
    ...(indexTrials === undefined ? [] : [`not every index was tried: ${indexTrials}`]),
    ...(explain === undefined ? [] : [`not every slow statement was run on a copy: ${explain}`]),
  ]
}

function generatorWarnings(step: LoadStep | undefined): string[] {
  if (!step || step.generator.verdict === 'healthy') return []
  return [`load generator ${step.generator.verdict}: ${step.generator.reasons.join('; ')}`]
}
