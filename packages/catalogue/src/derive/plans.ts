/** Walks plans: which nodes there are, and which read a table in full. */
import type { PgEvidence, PgPlan, PlanNode } from '@whetstone/model'
import { memo } from './memo.ts'

export const plansByStatement: (pg: PgEvidence) => ReadonlyMap<string, readonly PgPlan[]> = memo(pg => {
  const plans = new Map<string, PgPlan[]>()
  for (const plan of pg.plans) plans.set(plan.statementId, [...(plans.get(plan.statementId) ?? []), plan])
  return plans
})

/** The node and everything below it, outermost first. */
export function nodesOf(root: PlanNode): readonly PlanNode[] {
  return [root, ...root.children.flatMap(nodesOf)]
}

export function hasSort(root: PlanNode | undefined): boolean {
  return root !== undefined && nodesOf(root).some(node => /sort/i.test(node.nodeType))
}

export function fullScans(root: PlanNode, table: string): readonly PlanNode[] {
  return nodesOf(root).filter(node => /seq scan/i.test(node.nodeType) && node.relation === table)
}
