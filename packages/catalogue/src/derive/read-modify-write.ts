/** Requests that read a value, compute, and write it back: what two of them do to the same row at the same time is lost. */
import type { PgEvidence, Site, Span, Statement, StatementsEvidence, Trace, TracesEvidence } from '@whetstone/model'
import { siteOf, statementsById } from './statements.ts'
import { stepOf } from './transactions.ts'

export interface ReadModifyWrite {
  readonly route: string
  readonly read: Statement
  readonly write: Statement
  readonly table: string
  readonly column: string
  readonly site?: Site
  /** Sampled requests that do it. */
  readonly requests: number
  /** Pairs of them on one row in which both read before either wrote. */
  readonly races: number
  /** The most different values that samples show for one row: what a request brings along would be the same each time. */
  readonly valuesOfOneRow: number
  readonly exampleTraceId: string
}

interface Occurrence {
  readonly trace: Trace
  readonly read: Span
  readonly write: Span
}

export function readModifyWrites(
  traces: TracesEvidence,
  statements: StatementsEvidence,
  pg: PgEvidence | undefined,
): readonly ReadModifyWrite[] {
  const byId = statementsById(statements)
  if (isProtected(pg?.settings['default_transaction_isolation'] ?? '')) return []
  const groups = new Map<string, Occurrence[]>()
  for (const trace of traces.traces) {
    if (trace.statusCode >= 400) continue
    for (const { read, write } of pairsOf(trace, byId)) {
      const key = `${trace.route}\n${read.statementId}\n${write.statementId}`
      groups.set(key, [...(groups.get(key) ?? []), { trace, read, write }])
    }
  }
  return [...groups.values()].flatMap(group => {
    const [{ trace, read, write }] = group as [Occurrence, ...Occurrence[]]
    const [one, other] = [byId.get(read.statementId ?? '')!, byId.get(write.statementId ?? '')!]
    const column = writtenBack(one, other)
    if (column === undefined) return []
    const site = write.site ?? siteOf(trace.route, other.id, statements, traces)
    return [
      {
        route: trace.route,
        read: one,
        write: other,
        table: other.shape!.tables[0]!,
        column,
        ...(site ? { site } : {}),
        requests: group.length,
        races: racesOf(group),
        valuesOfOneRow: valuesOfOneRow(other, column),
        exampleTraceId: trace.id,
      },
    ]
  })
}

function isProtected(isolation: string): boolean {
  return /serializable|repeatable read/i.test(isolation)
}

/** A read and a later write of what it read, with nothing that would keep another request out. */
function pairsOf(trace: Trace, byId: ReadonlyMap<string, Statement>): { readonly read: Span; readonly write: Span }[] {
  const spans = trace.spans.filter(({ kind }) => kind === 'query')
  const textOf = (span: Span) => byId.get(span.statementId ?? '')?.text ?? ''
  if (spans.some(span => isProtected(textOf(span)) || /\bpg_(?:try_)?advisory_/i.test(textOf(span)))) return []
  const pairs: { read: Span; write: Span }[] = []
  for (const write of spans) {
    const change = byId.get(write.statementId ?? '')
    if (change?.shape?.operation !== 'update' || write.failed === true) continue
    const read = spans.find(span => {
      const statement = byId.get(span.statementId ?? '')
      const isBefore = span.startMs + span.durationMs <= write.startMs && stepOf(span, byId) === undefined
      return statement !== undefined && isBefore && writtenBack(statement, change) !== undefined
    })
    // A row that was locked for update before stays so, whoever reads it again.
    const isLocked = spans.some(span => span.startMs < write.startMs && locksRows(span, change, byId))
    if (read && !isLocked && !pairs.some(pair => pair.write.statementId === write.statementId))
      pairs.push({ read, write })
  }
  return pairs
}

function locksRows(span: Span, change: Statement, byId: ReadonlyMap<string, Statement>): boolean {
  const shape = byId.get(span.statementId ?? '')?.shape
  return shape?.locks === true && shape.tables.some(table => change.shape!.tables.includes(table))
}

/** The column that `read` returns by the same key by which `write` sets it to a plain parameter; undefined where there is none. */
function writtenBack({ shape: read }: Statement, { text, shape: write }: Statement): string | undefined {
  if (read?.operation !== 'select' || read.locks || read.tables.length !== 1 || read.isCount || read.hasAggregate)
    return undefined
  if (write?.operation !== 'update' || write.tables.length !== 1 || write.tables[0] !== read.tables[0]) return undefined
  const keys = equalColumns(read.conditions)
  // One condition more is a version or a state that is checked: optimistic locking.
  if (keys === undefined || keys === '' || keys !== equalColumns(write.conditions)) return undefined
  return write.targetColumns.find(
    column => (read.selectsStar || read.targetColumns.includes(column)) && parameterOf(text, column) !== undefined,
  )
}

function equalColumns(
  conditions: readonly { readonly column: string; readonly operator: string }[],
): string | undefined {
  if (conditions.some(({ operator }) => operator !== 'equal')) return undefined
  return [...new Set(conditions.map(({ column }) => column))].toSorted().join(',')
}

/** The number of the `$n` that alone makes the new value; `n = n + $1` has none. */
function parameterOf(text: string, column: string): number | undefined {
  const set = /\bset\b(.*?)\bwhere\b/is.exec(text)?.[1] ?? ''
  const name = column.replaceAll(/\W/g, '')
  const found = new RegExp(`(?:^|,)\\s*"?${name}"?\\s*=\\s*\\$(\\d+)(?:::[\\w ]+)?\\s*(?=,|$)`, 'i').exec(set)
  return found ? Number(found[1]) : undefined
}

function racesOf(group: readonly Occurrence[]): number {
  const windows = group.flatMap(({ trace, read, write }) => {
    const row = read.parametersHash
    const [readMs, writeMs] = [trace.startedAtMs + read.startMs, trace.startedAtMs + write.startMs]
    return row === undefined ? [] : [{ row, readMs, writeMs }]
  })
  let races = 0
  for (const [at, one] of windows.entries()) {
    for (const other of windows.slice(at + 1))
      if (one.row === other.row && one.readMs < other.writeMs && other.readMs < one.writeMs) races++
  }
  return races
}

/** A number that is no point in time: those differ from request to request without having been read. */
function isAmount(value: number): boolean {
  const isTime = (value > 1e9 && value < 3e9) || (value > 1e12 && value < 3e12)
  return Number.isFinite(value) && !isTime
}

function valuesOfOneRow({ text, shape, parameters }: Statement, column: string): number {
  const value = parameterOf(text, column)
  const where = /\bwhere\b(.*)$/is.exec(text)?.[1] ?? ''
  const keys = [...where.matchAll(/\$(\d+)/g)].map(match => Number(match[1]))
  if (value === undefined || shape === undefined) return 0
  const byRow = new Map<string, Set<unknown>>()
  for (const { values } of parameters) {
    const written = values[value - 1]
    if (typeof written === 'boolean' || written === null || !isAmount(Number(written))) continue
    const row = JSON.stringify(keys.map(key => values[key - 1]))
    byRow.set(row, (byRow.get(row) ?? new Set()).add(written))
  }
  return Math.max(0, ...[...byRow.values()].map(({ size }) => size))
}
