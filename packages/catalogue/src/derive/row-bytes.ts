/** How many bytes a statement carries out of the database per row, as far as the column statistics tell. */
import type { PgColumn, PgEvidence, PgTable, Statement } from '@whetstone/model'
import { rowWidthBytes, tableOf } from './columns.ts'

export interface RowBytes {
  readonly rowBytes: number
  readonly table: PgTable
  /** Columns the statement reads of it, in the order of the table. */
  readonly columns: readonly PgColumn[]
}

/** Only for statements over one table, where it is certain which columns are meant. */
export function rowBytesOf(statement: Statement, pg: PgEvidence): RowBytes | undefined {
  const { shape } = statement
  const names = [...new Set(shape?.tables)]
  const table = names.length === 1 ? tableOf(pg, names[0]!) : undefined
  if (!shape || !table || shape.hasAggregate || shape.groupBy) return undefined
  const columns = shape.selectsStar
    ? table.columns
    : table.columns.filter(({ name }) => shape.targetColumns.some(target => bareName(target) === name))
  if (columns.length === 0) return undefined
  const listed = rowWidthBytes(
    table,
    columns.map(column => column.name),
  )
  return { rowBytes: Math.max(listed, toasted(table, columns)), table, columns }
}

function bareName(name: string): string {
  return name.replaceAll('"', '').split('.').at(-1) ?? ''
}

/** Values stored out of line count 18 bytes in the statistics; the size of the table tells what they really weigh. */
function toasted(table: PgTable, columns: readonly PgColumn[]): number {
  const hasOutOfLine = columns.some(
    column => /json|text|bytea|char/.test(column.type) && (column.averageWidthBytes ?? 0) === 18,
  )
  const isBloated = table.deadRows > table.rows * 0.2
  return hasOutOfLine && !isBloated && table.rows > 0 ? table.tableBytes / table.rows : 0
}
