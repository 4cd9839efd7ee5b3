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
const ENTRY_MS = { btree: 0.005, gin: 0.05 } as const

/** Of all candidates together, which may be on several tables. Undefined where nobody counted the writes of the window. */
export function indexCost(
  pg: PgEvidence,
  statements: StatementsEvidence,
  candidates: readonly IndexCandidate[],
): IndexCost | undefined {
  const byTable = new Map<PgTable, IndexCandidate[]>()
  for (const candidate of candidates) {
    const table = tableOf(pg, `${candidate.schema}.${candidate.table}`)
    if (table) byTable.set(table, [...(byTable.get(table) ?? []), candidate])
  }
  const costs = [...byTable].flatMap(([table, own]) => costOn(pg, statements, table, own) ?? [])
  if (costs.length === 0) return undefined
  const sum = (of: keyof IndexCost) => costs.reduce((total, cost) => total + cost[of], 0)
  return {
    entries: sum('entries'),
    heapOnlyLost: sum('heapOnlyLost'),
    writeMs: sum('writeMs'),
    rowsWritten: sum('rowsWritten'),
  }
}

function costOn(
  pg: PgEvidence,
  statements: StatementsEvidence,
  table: PgTable,
  candidates: readonly IndexCandidate[],
): IndexCost | undefined {
  if (!table.writes) return undefined
  const { inserts, updates, heapOnlyUpdates, deletes } = table.writes
  const lost = candidates.some(candidate => isUpdated(statements, table, candidate)) ? heapOnlyUpdates : 0
  const each = inserts + updates - heapOnlyUpdates + lost
  // An update that leaves its page needs an entry in every index there is.
  const others = lost * indexesOf(pg, table).length
  const entryMs = candidates.reduce((total, { method }) => total + ENTRY_MS[method], 0)
  return {
    entries: each * candidates.length + others,
    heapOnlyLost: lost,
    writeMs: each * entryMs + others * ENTRY_MS.btree,
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
