/** Tables that are read and cleared by time: which column, how much of it is asked for, and who deletes the old rows. */
import type { PgEvidence, PgTable, Statement, StatementsEvidence } from '@whetstone/model'
import { tableOf } from './columns.ts'
import { type StatementTime, statementTimes } from './statement-time.ts'
import { statementsById } from './statements.ts'

export interface TableUse {
  readonly statement: Statement
  readonly time: StatementTime
}

/** Statements of requests that touch the table, heaviest first. */
export function usesOf(pg: PgEvidence, table: PgTable, statements: StatementsEvidence): readonly TableUse[] {
  const byId = statementsById(statements)
  return statementTimes(statements).flatMap(time => {
    const statement = byId.get(time.statementId)
    const isHere = statement?.shape?.tables.some(name => tableOf(pg, name) === table) ?? false
    return statement && isHere ? [{ statement, time }] : []
  })
}

/** The column of time that most of these statements ask by. */
export function timeColumnOf(table: PgTable, uses: readonly TableUse[]): string | undefined {
  const counts = new Map<string, number>()
  for (const { statement } of uses) {
    for (const { column, operator } of statement.shape?.conditions ?? []) {
      const type = table.columns.find(({ name }) => name === column)?.type ?? ''
      const isRange = operator === 'range' || (operator === 'equal' && type.startsWith('date'))
      if (isRange && /^(?:date|timestamp)/.test(type)) counts.set(column, (counts.get(column) ?? 0) + 1)
    }
  }
  return [...counts].toSorted((a, b) => b[1] - a[1] || a[0].localeCompare(b[0]))[0]?.[0]
}

/** Deletes by that column: old rows are cleared one by one. */
export function clearings(uses: readonly TableUse[], column: string): readonly TableUse[] {
  return uses.filter(
    ({ statement: { shape } }) =>
      shape?.operation === 'delete' && shape.conditions.some(condition => condition.column === column),
  )
}

/** Rows in production where somebody said so, else those that are here. */
export function rowsInProduction(table: PgTable, told: readonly ToldRows[] = []): number {
  const answer = told.find(one => one.table === table.name || one.table === `${table.schema}.${table.name}`)
  return Math.max(table.rows, answer?.productionRows ?? 0)
}
interface ToldRows {
  readonly table: string
  readonly productionRows: number
}
