/** EXPLAIN (FORMAT JSON) as the plan nodes that detectors read. */
import type { PlanNode } from '@whetstone/model'

export interface ExplainedPlan {
  readonly root: PlanNode
  readonly totalCost: number
  readonly planningMs?: number
  readonly executionMs?: number
  readonly jitMs?: number
}

type Json = Readonly<Record<string, unknown>>

/** Takes the value of the `QUERY PLAN` column, parsed or as text. Undefined where it is no plan (a utility statement). */
export function planOf(answer: unknown): ExplainedPlan | undefined {
  const parsed: unknown = typeof answer === 'string' ? JSON.parse(answer) : answer
  const first = (Array.isArray(parsed) ? parsed[0] : parsed) as Json | undefined
  const plan = first?.Plan
  if (typeof plan !== 'object' || plan === null) return undefined
  const root = nodeOf(plan as Json)
  const planningMs = first?.['Planning Time']
  const executionMs = first?.['Execution Time']
  const jitMs = jitMsOf(first)
  return {
    root,
    totalCost: root.totalCost,
    ...(typeof planningMs === 'number' ? { planningMs } : {}),
    ...(typeof executionMs === 'number' ? { executionMs } : {}),
    ...(jitMs === undefined ? {} : { jitMs }),
  }
}

function jitMsOf(explained: Json | undefined): number | undefined {
  const timing = (explained?.['JIT'] as Json | undefined)?.['Timing'] as Json | undefined
  const total = timing?.['Total']
  return typeof total === 'number' ? total : undefined
}

export function someNode(root: PlanNode, holds: (node: PlanNode) => boolean): boolean {
  return holds(root) || root.children.some(child => someNode(child, holds))
}

function nodeOf(json: Json): PlanNode {
  const text = (key: string) => (typeof json[key] === 'string' ? json[key] : undefined)
  const number = (key: string) => (typeof json[key] === 'number' ? json[key] : undefined)
  const children = Array.isArray(json.Plans) ? (json.Plans as Json[]) : []
  return withoutUndefined({
    nodeType: text('Node Type') ?? 'unknown',
    relation: text('Relation Name'),
    alias: text('Alias'),
    index: text('Index Name'),
    joinType: text('Join Type'),
    startupCost: number('Startup Cost') ?? 0,
    totalCost: number('Total Cost') ?? 0,
    planRows: number('Plan Rows') ?? 0,
    planWidth: number('Plan Width') ?? 0,
    actualRows: number('Actual Rows'),
    actualLoops: number('Actual Loops'),
    actualTotalMs: number('Actual Total Time'),
    filter: text('Filter'),
    indexCondition: text('Index Cond'),
    joinCondition: text('Hash Cond') ?? text('Merge Cond'),
    joinFilter: text('Join Filter'),
    rowsRemovedByFilter: number('Rows Removed by Filter'),
    sortKey: Array.isArray(json['Sort Key']) ? json['Sort Key'].map(String) : undefined,
    sortMethod: text('Sort Method'),
    hashBatches: number('Hash Batches') ?? number('HashAgg Batches'),
    diskKb: text('Sort Space Type') === 'Disk' ? number('Sort Space Used') : number('Disk Usage'),
    exactHeapBlocks: number('Exact Heap Blocks'),
    rowsRemovedByJoinFilter: number('Rows Removed by Join Filter'),
    lossyHeapBlocks: number('Lossy Heap Blocks'),
    sharedHitBlocks: number('Shared Hit Blocks'),
    sharedReadBlocks: number('Shared Read Blocks'),
    children: children.map(nodeOf),
  }) as unknown as PlanNode
}

function withoutUndefined(object: Readonly<Record<string, unknown>>): Record<string, unknown> {
  return Object.fromEntries(Object.entries(object).filter(([, value]) => value !== undefined))
}
