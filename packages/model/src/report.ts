/** Everything one run found, in one documented object: `whetstone/run@1`. The report page and `--json` are made from it. */
import type {
  CpuProfileEvidence,
  HostEvidence,
  LoadCurveEvidence,
  PgPlan,
  SerializedHistogram,
  SourceExcerpt,
  Statement,
  Trace,
} from './evidence/index.ts'
import type { EvidenceKind } from './evidence/index.ts'
import type { RankedFinding } from './finding.ts'
import type { RouteName } from './place.ts'
import type { Chapter } from './practice.ts'
import type { TrialResult, Verdict } from './trial.ts'
import type { SkippedRoute } from './workload.ts'

export interface RunReport {
  readonly schema: 'whetstone/run@1'
  readonly run: RunInfo
  readonly target: TargetInfo
  readonly verdict: Verdict | 'diagnosed' | 'too-noisy' | 'failed'
  readonly exitCode: number
  readonly budgets: readonly BudgetResult[]
  readonly routes: readonly RouteResult[]
  readonly overall: LatencySummary
  readonly findings: readonly RankedFinding[]
  readonly coverage: readonly CoverageRow[]
  readonly skipped: readonly SkippedRoute[]
  /** Where the time of the weighted routes goes, largest first; fractions of the whole. */
  readonly timeShares: readonly { readonly component: string; readonly fraction: number }[]
  readonly loadCurve?: LoadCurveEvidence
  readonly trial?: TrialResult
  readonly ladder?: readonly LadderStep[]
  /** Only what findings refer to. */
  readonly statements: readonly Statement[]
  readonly traces: readonly Trace[]
  readonly plans: readonly ReportedPlan[]
  readonly excerpts: Readonly<Record<string, SourceExcerpt>>
  readonly cpuProfile?: CpuProfileEvidence
  readonly host?: HostEvidence
  readonly events: readonly RunEvent[]
  readonly warnings: readonly string[]
}

export interface RunInfo {
  readonly id: string
  readonly startedAt: string
  readonly durationMs: number
  /** Set when it was stopped early: only so much of the window was measured. */
  readonly interruptedAfterMs?: number
  readonly command: string
  readonly tool: string
  readonly node: string
  readonly machine: string
  readonly git?: { readonly commit: string; readonly dirty: boolean }
  readonly seed: number
}
export interface TargetInfo {
  readonly name: string
  readonly url: string
  readonly command?: string
  readonly framework?: string
  /** Secrets masked. */
  readonly database?: string
  readonly databaseVersion?: string
  readonly evidence: Readonly<Partial<Record<EvidenceKind, 'gathered' | 'partial' | 'missing'>>>
}
export interface LatencySummary {
  readonly requests: number
  readonly errors: number
  /** Good answers: a failure is no throughput. */
  readonly ratePerSecond: number
  readonly offeredRatePerSecond: number
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms?: number
  readonly queriesPerRequest?: number
  readonly response: SerializedHistogram
}
export interface RouteResult extends LatencySummary {
  readonly route: RouteName
  readonly weightFraction: number
  /** Share of all time spent waiting for answers. */
  readonly timeFraction: number
  readonly databaseFraction?: number
}
export interface BudgetResult {
  readonly route: RouteName | '*'
  readonly metric: 'p50Ms' | 'p95Ms' | 'p99Ms' | 'errorFraction'
  readonly limit: number
  /** Absent where nothing was answered, or where it cannot be known. */
  readonly value?: number
  /** True only where it was measured and lies within the limit. */
  readonly ok: boolean
  /** Why it could be judged neither way, and what to give. */
  readonly unknown?: string
  /** A default of the tool, or the user's own. */
  readonly source: string
}
/** A plan as it is, or, with `after`, what the proposed index makes of it: both planned in the same place with the same parameters. */
export interface ReportedPlan extends PgPlan {
  readonly after?: PgPlan
  /** `items(order_id)`, the resource of the finding that proposes it. */
  readonly index?: string
}
export type CoverageState = 'finding' | 'pass' | 'not-applicable' | 'unknown' | 'ask' | 'failed'
export interface CoverageRow {
  readonly practice: string
  readonly chapter: Chapter
  readonly title: string
  readonly state: CoverageState
  readonly note: string
  readonly missing?: readonly EvidenceKind[]
  /** What to type to make it known. */
  readonly give?: string
}
/** One rung: the remedies so far, measured. */
export interface LadderStep {
  readonly label: string
  readonly practice?: string
  readonly p50Ms: number
  readonly p95Ms: number
  readonly p99Ms: number
  readonly requests: number
}
export interface RunEvent {
  readonly atMs: number
  readonly kind: 'info' | 'warning' | 'error'
  readonly text: string
}
