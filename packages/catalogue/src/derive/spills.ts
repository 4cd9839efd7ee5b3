/** Sorts and hashes that did not fit into work_mem and went through files. */
import type { PgEvidence, PlanNode } from '@whetstone/model'
import { analysedPlans, nodesOf } from './plans.ts'

const BLOCK_BYTES = 8_192

export interface Spill {
  /** Written and read again, per call; 0 where only a plan tells of it. */
  readonly bytesPerCall: number
  /** Of the node that spilled, where it was seen. */
  readonly node?: PlanNode
}

/** Undefined where everything stayed in memory, or where less than `leastBytes` a call did not. */
export function spillOf(pg: PgEvidence, statementId: string, leastBytes: number): Spill | undefined {
  const nodes = (analysedPlans(pg).get(statementId) ?? []).flatMap(plan => nodesOf(plan.root))
  const node = nodes.find(one => isOnDisk(one))
  const counted = pg.statements.find(one => one.statementId === statementId)
  const counts = counted && counted.calls > 0 ? (counted.temporaryBlocks / counted.calls) * BLOCK_BYTES : 0
  // The plan may be of a smaller copy; what the server counted while it ran is worth more.
  const bytesPerCall = counts > 0 ? counts : 2 * 1_024 * (node?.diskKb ?? 0)
  if (bytesPerCall < leastBytes) return undefined
  return { bytesPerCall, ...(node ? { node } : {}) }
}

function isOnDisk({ sortMethod = '', hashBatches = 1, diskKb = 0 }: PlanNode): boolean {
  return /external/i.test(sortMethod) || hashBatches > 1 || diskKb > 0
}

/**
 * Memory in which the same work would stay, as a power of two in MB. In memory rows take about twice the room they take
 * on disk, and what was counted was written once and read once.
 */
export function workMemMb(bytesPerCall: number): number {
  const wanted = (bytesPerCall / 2) * 2 * 1.2
  return 2 ** Math.ceil(Math.log2(Math.max(8, wanted / 1_048_576)))
}
