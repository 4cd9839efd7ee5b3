/** What one join costs within a plan: the node that joins the table, less the side that would be left without it. */
import type { PlanNode } from '@whetstone/model'
import { nodesOf } from './plans.ts'

/** In the units of the planner; undefined where the table is not one whole side of a join. */
export function joinCost(root: PlanNode, alias: string): number | undefined {
  const costs = nodesOf(root).flatMap(node => {
    const [one, other] = node.children
    if (!one || !other || !/^(?:hash join|merge join|nested loop)$/i.test(node.nodeType)) return []
    const side = readsOnly(one, alias) ? other : readsOnly(other, alias) ? one : undefined
    return side ? [Math.max(0, node.totalCost - side.totalCost)] : []
  })
  return costs.length === 1 ? costs[0] : undefined
}

/** The scan itself, or what prepares it for the join: hashed, sorted, remembered. */
function readsOnly(node: PlanNode, alias: string): boolean {
  const scans = nodesOf(node).filter(({ relation }) => relation !== undefined)
  return scans.length > 0 && scans.every(scan => scan.alias === alias)
}
