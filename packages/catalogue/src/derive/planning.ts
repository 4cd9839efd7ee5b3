/** What planning costs a statement every time it runs without a name, against what running it costs. */
import type { LoadCurveEvidence, PgEvidence, Statement, StatementsEvidence } from '@whetstone/model'
import { statementsById } from './statements.ts'

export interface Planning {
  readonly statement: Statement
  readonly planningMs: number
  readonly executionMs: number
  readonly callsPerSecond: number
}

/** Unnamed statements of requests with the figures of both halves, the most planning first. */
export function planningOf(
  pg: PgEvidence,
  statements: StatementsEvidence,
  load: LoadCurveEvidence | undefined,
): readonly Planning[] {
  const byId = statementsById(statements)
  const calls = new Map<string, number>()
  for (const use of statements.uses)
    if (use.route !== '') calls.set(use.statementId, (calls.get(use.statementId) ?? 0) + use.calls)
  // The database is watched for longer than it is loaded: until everything else was read.
  const loadedMs = load?.steps.find(step => step.purpose === 'measure')?.durationMs ?? pg.activity.windowMs
  const seconds = Math.max(1e-3, loadedMs / 1_000)
  return [...calls]
    .flatMap(([id, count]) => {
      const statement = byId.get(id)
      const planningMs = leastPlanningMs(pg, id)
      const executionMs = executionMsOf(pg, id)
      if (statement?.named !== false || planningMs === undefined || executionMs === undefined) return []
      return genericIsAsGood(pg, id) ? [{ statement, planningMs, executionMs, callsPerSecond: count / seconds }] : []
    })
    .toSorted((a, b) => b.planningMs * b.callsPerSecond - a.planningMs * a.callsPerSecond)
}

/** The least of all parameter sets: the first plan of a session also reads the catalog. */
function leastPlanningMs({ plans }: PgEvidence, id: string): number | undefined {
  const all = plans.flatMap(plan => (plan.statementId === id && plan.planningMs !== undefined ? [plan.planningMs] : []))
  return all.length === 0 ? undefined : Math.min(...all)
}

/** As the server counted it; it counts planning apart. */
function executionMsOf({ statements }: PgEvidence, id: string): number | undefined {
  return statements.find(one => one.statementId === id && one.calls > 0)?.meanMs
}

/** Where the plan for any parameters costs more than those for real ones, the server goes on planning, name or not. */
function genericIsAsGood({ plans }: PgEvidence, id: string): boolean {
  const generic = plans.find(plan => plan.statementId === id && plan.kind === 'generic')
  const custom = plans.filter(plan => plan.statementId === id && plan.kind === 'parameters')
  if (generic === undefined || custom.length === 0) return false
  const mean = custom.reduce((sum, plan) => sum + plan.totalCost, 0) / custom.length
  return generic.totalCost <= mean * tolerance
}
/** PostgreSQL adds what planning costs to the custom plans before it compares (`choose_custom_plan`); that is never less than a few per cent here. */
const tolerance = 1.05
