/** A query plan as rows of a table: depth, notes in words, and which node costs most by itself. */
import type { PgPlan, PlanNode } from '@whetstone/model'
import { formatCount } from './format.ts'

const MOST_ROWS = 60

export interface PlanRow {
  readonly node: PlanNode
  readonly depth: number
  readonly notes: readonly string[]
  readonly costly: boolean
}

export function planRows(root: PlanNode): readonly PlanRow[] {
  const rows: { node: PlanNode; depth: number }[] = []
  const pending = [{ node: root, depth: 0 }]
  while (pending.length > 0 && rows.length < MOST_ROWS) {
    const next = pending.pop()!
    rows.push(next)
    for (const child of next.node.children.toReversed()) pending.push({ node: child, depth: next.depth + 1 })
  }
  const costliest = Math.max(...rows.map(({ node }) => ownCost(node)))
  return rows.map(({ node, depth }) => ({
    node,
    depth,
    notes: notesOf(node),
    // Below this a plan is cheap as a whole and nothing in it deserves red.
    costly: costliest > 1000 && ownCost(node) === costliest,
  }))
}

/** A generic plan of a text that came with its values in it holds for those values only. */
export function plannedAs({ kind, root }: PgPlan): string {
  if (kind === 'analyze') return 'executed'
  if (kind === 'parameters') return 'with captured parameters, not executed'
  const conditions = planRows(root).flatMap(row => row.notes)
  return conditions.some(text => /\$\d/.test(text))
    ? 'for any parameters, not executed'
    : 'as it was sent, not executed'
}

function ownCost(node: PlanNode): number {
  return node.totalCost - node.children.reduce((sum, child) => sum + child.totalCost, 0)
}

function notesOf(node: PlanNode): readonly string[] {
  const notes: string[] = []
  if (node.indexCondition) notes.push(`index condition ${node.indexCondition}`)
  if (node.filter) notes.push(`filter ${node.filter}`)
  if (node.rowsRemovedByFilter) {
    const loops = node.actualLoops ?? 1
    notes.push(
      `${formatCount(node.rowsRemovedByFilter)} rows read and thrown away${loops > 1 ? `, ${formatCount(loops)} times` : ''}`,
    )
  }
  if (node.sortKey) notes.push(`by ${node.sortKey.join(', ')}${node.sortMethod ? `, ${node.sortMethod}` : ''}`)
  if ((node.hashBatches ?? 1) > 1) notes.push(`spilled to disk in ${node.hashBatches} batches`)
  if (node.lossyHeapBlocks) notes.push(`${formatCount(node.lossyHeapBlocks)} lossy blocks`)
  return notes
}
