/** Where a plan met other row counts than it was made for: the planner then chose for a query that does not exist. */
import type { PgEvidence, PlanNode, Statement, StatementsEvidence } from '@whetstone/model'
import { analysedPlans, nodesOf, plansByStatement } from './plans.ts'
import { type StatementTime, statementTimes } from './statement-time.ts'

export const estimateThresholds = {
  estimateRatio: { value: 10, unit: 'ratio', source: 'a factor of ten changes which join is chosen' },
  rows: { value: 1_000, unit: 'rows', source: 'below it a wrong estimate costs nothing' },
  meanMs: { value: 5, unit: 'ms', source: 'statements faster than that hide no bad plan worth a change' },
  timeFraction: { value: 0.05, unit: 'fraction', source: 'share of the database time, as for other statements' },
} as const

interface EstimateLimits {
  readonly estimateRatio: number
  readonly rows: number
}

/** Statements whose plan is worth reading, heaviest first. */
export function costlyStatements(
  statements: StatementsEvidence,
  limits: { readonly meanMs: number; readonly timeFraction: number },
): readonly StatementTime[] {
  return statementTimes(statements).filter(
    ({ meanMs, timeFraction }) => meanMs >= limits.meanMs && timeFraction >= limits.timeFraction,
  )
}

export interface Misestimate {
  readonly node: PlanNode
  readonly expectedRows: number
  readonly foundRows: number
}

/** Innermost first: what is wrong below makes everything above it wrong. */
export function misestimates(pg: PgEvidence, statementId: string, limits: EstimateLimits): readonly Misestimate[] {
  const nodes = (analysedPlans(pg).get(statementId) ?? []).flatMap(plan => nodesOf(plan.root)).toReversed()
  return nodes
    .filter(node => isFarOff(node, limits))
    .map(node => ({ node, expectedRows: node.planRows, foundRows: node.actualRows ?? 0 }))
}

function isFarOff({ planRows, actualRows, actualLoops = 1 }: PlanNode, limits: EstimateLimits): boolean {
  // A node that never ran, or that a LIMIT above stopped early, says nothing about the estimate.
  if (actualRows === undefined || actualLoops === 0 || actualRows < planRows) return false
  return actualRows * actualLoops >= limits.rows && actualRows >= Math.max(1, planRows) * limits.estimateRatio
}

/** Without running it: rows that calls returned against the rows its plan promises, in either direction. */
export function returnedMisestimate(
  pg: PgEvidence,
  statement: Statement,
  { rowsPerCall }: StatementTime,
  limits: EstimateLimits,
): Misestimate | undefined {
  // A LIMIT returns what it says, whatever the plan below expected.
  if (statement.shape?.operation !== 'select' || statement.shape.hasLimit || statement.shape.isCount) return undefined
  const plans = (plansByStatement(pg).get(statement.id) ?? []).filter(({ kind }) => kind === 'parameters')
  const off = plans.filter(({ root }) => ratioOf(root.planRows, rowsPerCall) >= limits.estimateRatio)
  const [first] = off
  if (!first || off.length < plans.length || Math.max(first.root.planRows, rowsPerCall) < limits.rows) return undefined
  return { node: first.root, expectedRows: first.root.planRows, foundRows: rowsPerCall }
}

const ratioOf = (a: number, b: number): number => Math.max(a, b) / Math.max(1, Math.min(a, b))
