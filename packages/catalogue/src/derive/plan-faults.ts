/** What a plan that was run shows to be wrong with it, apart from its estimates: rows thrown away, loops over whole tables, compiling, lossy bitmaps. */
import type { PgPlan, PlanNode } from '@whetstone/model'
import { nodesOf } from './plans.ts'

export interface PlanFaultLimits {
  /** Rows read for each that is kept. */
  readonly removedRatio: number
  /** Times a whole table is read inside one statement. */
  readonly loops: number
  /** Of the time of the statement. */
  readonly jitFraction: number
  readonly lossyFraction: number
  readonly rows: number
}

export type PlanFault =
  | { readonly kind: 'compiled'; readonly jitMs: number; readonly executionMs: number }
  | { readonly kind: 'loops'; readonly node: PlanNode; readonly loops: number; readonly rows: number }
  | { readonly kind: 'lossy'; readonly node: PlanNode; readonly lossyBlocks: number; readonly blocks: number }
  | { readonly kind: 'removed'; readonly node: PlanNode; readonly removedRows: number; readonly keptRows: number }

/** The first that is found, the surest first. */
export function planFaultOf(plan: PgPlan, limits: PlanFaultLimits): PlanFault | undefined {
  const { jitMs = 0, executionMs = 0, root } = plan
  if (executionMs > 0 && jitMs / executionMs > limits.jitFraction) return { kind: 'compiled', jitMs, executionMs }
  const nodes = nodesOf(root)
  return (
    first(nodes, node => loopsOver(node, limits)) ??
    first(nodes, node => lossyBitmap(node, limits)) ??
    first(nodes, node => removedRows(node, limits))
  )
}

function first(nodes: readonly PlanNode[], read: (node: PlanNode) => PlanFault | undefined): PlanFault | undefined {
  for (const node of nodes) {
    const fault = read(node)
    if (fault) return fault
  }
  return undefined
}

/** A thousand lookups by key are fine; a thousand scans of the table are not. */
function loopsOver(node: PlanNode, limits: PlanFaultLimits): PlanFault | undefined {
  if (!/nested loop/i.test(node.nodeType)) return undefined
  const inner = node.children[1]
  const scan =
    inner && nodesOf(inner).find(({ nodeType }) => /seq scan|materialize|cte scan|function scan/i.test(nodeType))
  const loops = inner?.actualLoops ?? 0
  const rows = scan ? (scan.actualRows ?? 0) + (scan.rowsRemovedByFilter ?? 0) : 0
  return scan && loops >= limits.loops && rows * loops >= limits.rows * limits.loops
    ? { kind: 'loops', node: scan, loops, rows }
    : undefined
}

function lossyBitmap(node: PlanNode, limits: PlanFaultLimits): PlanFault | undefined {
  const { lossyHeapBlocks = 0, exactHeapBlocks = 0 } = node
  const blocks = lossyHeapBlocks + exactHeapBlocks
  return lossyHeapBlocks > 0 && lossyHeapBlocks / blocks > limits.lossyFraction
    ? { kind: 'lossy', node, lossyBlocks: lossyHeapBlocks, blocks }
    : undefined
}

function removedRows(node: PlanNode, limits: PlanFaultLimits): PlanFault | undefined {
  const { actualRows, actualLoops = 1, relation } = node
  const removed = (node.rowsRemovedByFilter ?? 0) + (node.rowsRemovedByJoinFilter ?? 0)
  if (actualRows === undefined || actualLoops === 0 || removed === 0) return undefined
  const isMany = removed * actualLoops >= limits.rows * 10 && removed >= Math.max(1, actualRows) * limits.removedRatio
  // A small table that is read in full is cheaper than an index on it.
  return isMany && (relation !== undefined || node.rowsRemovedByJoinFilter !== undefined)
    ? { kind: 'removed', node, removedRows: removed * actualLoops, keptRows: actualRows * actualLoops }
    : undefined
}
