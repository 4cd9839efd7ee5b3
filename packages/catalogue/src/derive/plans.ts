/** Walks plans: which nodes there are, and which read a table in full. */
import type { PgEvidence, PgPlan, PlanNode } from '@whetstone/model'
import { memo } from './memo.ts'

type PlansByStatement = ReadonlyMap<string, readonly PgPlan[]>

/**
 * What the planner of the database itself intends. A statement may have been run on a copy too, whose tables are smaller:
 * such plans stand here only where there are no others.
 */
export const plansByStatement: (pg: PgEvidence) => PlansByStatement = memo(pg => {
  const run = analysedPlans(pg)
  const intended = grouped(pg.plans.filter(({ kind }) => kind !== 'analyze'))
  return new Map([...run, ...intended])
})

/** What happened when statements were run: estimated and real rows, memory and disk. */
export const analysedPlans: (pg: PgEvidence) => PlansByStatement = memo(pg =>
  grouped(pg.plans.filter(({ kind }) => kind === 'analyze')),
)

function grouped(plans: readonly PgPlan[]): PlansByStatement {
  const byStatement = new Map<string, PgPlan[]>()
  for (const plan of plans) byStatement.set(plan.statementId, [...(byStatement.get(plan.statementId) ?? []), plan])
  return byStatement
}

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

/** Reads through an index that finds many rows, of which a filter then keeps at most this part: the index lacks a column. */
export function filteredScans(root: PlanNode, table: string, keptFraction: number): readonly PlanNode[] {
  return nodesOf(root).filter(({ nodeType, relation, filter, planRows, children: [found] }) => {
    const isFiltered = /bitmap heap scan/i.test(nodeType) && relation === table && filter !== undefined
    return isFiltered && found !== undefined && planRows <= found.planRows * keptFraction
  })
}
