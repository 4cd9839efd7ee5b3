/** What an index costs while the reads it serves are running: entries written, and updates that can no longer stay on their page. */
import type { IndexCandidate, PgEvidence, PgTable, StatementsEvidence } from '@whetstone/model'
import { indexesOf, tableOf } from './columns.ts'
import { isTable } from './index-terms.ts'
import { statementsById } from './statements.ts'

export interface IndexCost {
  /** Index entries that would have been written within the measured window. */
  readonly entries: number
  /** Updates within the window that were heap-only and would not be any more. */
  readonly heapOnlyLost: number
  readonly writeMs: number
  /** Rows written within the window. */
  readonly rowsWritten: number
}

/** Milliseconds for one entry, with its log record: see docs/decisions/index-advice.md. */
const ENTRY_MS = { btree: 0.006, gin: 0.06 } as const

/** Undefined where nobody counted the writes of the window. */
export function indexCost(
  pg: PgEvidence,
  statements: StatementsEvidence,
  candidates: readonly IndexCandidate[],
): IndexCost | undefined {
  const [first] = candidates
  const table = first && tableOf(pg, `${first.schema}.${first.table}`)
  const writes = table?.writes
  if (!table || !writes) return undefined
  const { inserts, updates, heapOnlyUpdates, deletes } = writes
  const lost = candidates.some(candidate => isUpdated(statements, table, candidate)) ? heapOnlyUpdates : 0
  const own = candidates.length * (inserts + updates - heapOnlyUpdates + lost)
  // An update that leaves its page needs an entry in every index there is.
  const others = lost * indexesOf(pg, table).length
  const entryMs = ENTRY_MS[first.method]
  return {
    entries: own + others,
    heapOnlyLost: lost,
    writeMs: own * entryMs + others * ENTRY_MS.btree,
    rowsWritten: inserts + updates + deletes,
  }
}

function isUpdated(statements: StatementsEvidence, table: PgTable, candidate: IndexCandidate): boolean {
  const text = [
    ...candidate.columns.map(({ name, expression }) => expression ?? name),
    ...(candidate.include ?? []),
    candidate.where ?? '',
  ].join(' ')
  const words = new Set(text.match(/[A-Za-z_][\w$]*/g))
  return [...statementsById(statements).values()].some(
    ({ shape }) =>
      shape?.operation === 'update' &&
      isTable(shape.tables[0], table) &&
      shape.targetColumns.some(column => words.has(column)),
  )
}
