/** How many rows a statement adds up in one call, by its plan. */
import type { PgEvidence } from '@whetstone/model'
import { analysedPlans, nodesOf, plansByStatement } from './plans.ts'

/** As counted where the statement was run, else as the planner expects; 0 without an aggregate. */
export function aggregatedRows(pg: PgEvidence, statementId: string): number {
  const analysed = analysedPlans(pg).get(statementId)
  const plans = analysed ?? plansByStatement(pg).get(statementId) ?? []
  const rows = plans.flatMap(({ root }) =>
    nodesOf(root)
      .filter(({ nodeType }) => /aggregate|group/i.test(nodeType))
      .flatMap(({ children }) =>
        children.map(child => (child.actualRows ?? child.planRows) * (child.actualLoops ?? 1)),
      ),
  )
  return Math.max(0, ...rows)
}
