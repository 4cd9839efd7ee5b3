/** By which column rows could be divided among servers: the one that nearly every statement names, with values enough and none that holds much. */
import type { PgEvidence, PgTable, Statement, StatementsEvidence } from '@whetstone/model'
import { distinctValues, columnOf, tableOf } from './columns.ts'
import { type StatementTime, statementTimes } from './statement-time.ts'
import { statementsById } from './statements.ts'

export interface ShardKey {
  /** The name most statements use. */
  readonly column: string
  /** Those whose rows carry the key, in the order of the alphabet. */
  readonly tables: readonly string[]
  /** Of all calls: those that name one value of it. */
  readonly callsFraction: number
  readonly distinct: number
  /** Largest share of the rows of a table that one value holds; 0 where no value stands out. */
  readonly topFraction: number
  /** Statements without it, most called first: each of them asks every server. */
  readonly scattered: readonly ScatteredStatement[]
}

export interface ScatteredStatement {
  readonly statementId: string
  readonly text: string
  readonly callsFraction: number
}

/** Shares of a few hundred rows say nothing about who will have most. */
const tellingRows = 1_000

/** The one that most calls name comes first, of equals the one with more values. */
export function shardKeys(pg: PgEvidence, statements: StatementsEvidence): readonly ShardKey[] {
  const byId = statementsById(statements)
  const times = statementTimes(statements)
  const allCalls = times.reduce((sum, { calls }) => sum + calls, 0)
  if (allCalls === 0) return []
  const groups = groupsOf(pg)
  const uses = new Map<string, Named[]>()
  for (const time of times) {
    const columns = namedColumns(pg, byId.get(time.statementId))
    for (const group of new Set(columns.map(one => groups(one.table, one.column)))) {
      const own = columns.filter(one => groups(one.table, one.column) === group)
      uses.set(group, [...(uses.get(group) ?? []), { time, columns: own }])
    }
  }
  return [...uses.values()]
    .map(named => keyOf(named, { times, byId, allCalls }))
    .toSorted(
      (a, b) => b.callsFraction - a.callsFraction || b.distinct - a.distinct || a.column.localeCompare(b.column),
    )
}

interface TableColumn {
  readonly table: PgTable
  readonly column: string
}

interface Named {
  readonly time: StatementTime
  readonly columns: readonly TableColumn[]
}

function keyOf(
  named: readonly Named[],
  {
    times,
    byId,
    allCalls,
  }: {
    readonly times: readonly StatementTime[]
    readonly byId: ReadonlyMap<string, Statement>
    readonly allCalls: number
  },
): ShardKey {
  const columns = named.flatMap(one => one.columns)
  const [busiest] = named.toSorted((a, b) => b.time.calls - a.time.calls)
  const withIt = new Set(named.map(({ time }) => time.statementId))
  const telling = columns.filter(({ table }) => table.rows >= tellingRows)
  return {
    // A column that refers to another says more than the `id` it refers to.
    column: columns.find(({ column }) => column !== 'id')?.column ?? busiest!.columns[0]!.column,
    tables: [...new Set(columns.map(({ table }) => table.name))].toSorted(),
    callsFraction: named.reduce((sum, { time }) => sum + time.calls, 0) / allCalls,
    distinct: Math.max(0, ...columns.map(({ table, column }) => distinctValues(table, column) ?? 0)),
    topFraction: Math.max(0, ...telling.map(({ table, column }) => columnOf(table, column)?.mostCommonFraction ?? 0)),
    scattered: times
      .filter(({ statementId }) => !withIt.has(statementId))
      .toSorted((a, b) => b.calls - a.calls || a.statementId.localeCompare(b.statementId))
      .map(({ statementId, calls }) => ({
        statementId,
        text: byId.get(statementId)?.text ?? statementId,
        callsFraction: calls / allCalls,
      })),
  }
}

/** Columns of which the statement names one value: `column = $1`, or the value a new row is given. */
function namedColumns(pg: PgEvidence, statement: Statement | undefined): readonly TableColumn[] {
  const { shape, access } = statement ?? {}
  if (!shape) return []
  const terms: readonly { readonly table: string; readonly column: string }[] = access
    ? access.terms.filter(
        ({ operator, expression, alternative }) =>
          operator === 'equal' && expression === undefined && alternative === undefined,
      )
    : shape.conditions.filter(({ operator }) => operator === 'equal')
  const written =
    shape.operation === 'insert' && shape.tables[0] !== undefined
      ? shape.targetColumns.map(column => ({ table: shape.tables[0]!, column }))
      : []
  return [...terms, ...written].flatMap(({ table: name, column }) => {
    const table = tableOf(pg, name)
    return table && columnOf(table, column) ? [{ table, column }] : []
  })
}

const referring = /.(?:id|uuid|key)$/i

/** Columns that hold the same values: those a foreign key ties together, and those that are called the same as only references are. */
function groupsOf(pg: PgEvidence): (table: PgTable, column: string) => string {
  const parents = new Map<string, string>()
  const find = (name: string): string => {
    let root = name
    for (let parent = parents.get(root); parent !== undefined; parent = parents.get(root)) root = parent
    return root
  }
  const join = (a: string, b: string) => {
    const [one, other] = [find(a), find(b)]
    if (one !== other) parents.set(one, other)
  }
  for (const { schema, table, columns, referencedTable, referencedColumns } of pg.foreignKeys) {
    const [column, ...more] = columns
    const to = tableOf(pg, referencedTable)
    if (column === undefined || more.length > 0 || !to) continue
    join(`${schema}.${table}.${column}`, `${to.schema}.${to.name}.${referencedColumns[0] ?? ''}`)
  }
  for (const { schema, name, columns } of pg.tables)
    for (const { name: column } of columns)
      if (referring.test(column)) join(`${schema}.${name}.${column}`, `*.${column.toLowerCase()}`)
  return ({ schema, name }, column) => find(`${schema}.${name}.${column}`)
}
