/** Many rows as one INSERT: as arrays where the types are known, as a list of VALUES where they are not. */
import { textOf } from '../bulk/text-value.ts'
import { quoted, type TableName, tableSql } from '../identifier.ts'

export interface InsertTarget {
  readonly table: TableName
  /**
   * Names with their SQL types (`{ id: 'bigint', payload: 'jsonb' }`): rows go as one array a column. Names alone: as VALUES, which
   * is twice as slow and holds 65,535 values at most.
   */
  readonly columns: readonly string[] | Readonly<Record<string, string>>
  /** `nothing`: a row that is there already is left as it is, and counted as skipped. Default: it is refused. */
  readonly onConflict?: 'nothing'
}

export type InsertRow = Readonly<Record<string, unknown>>

/** Of the protocol: parameters are counted in 16 bits. */
export const mostParameters = 65_535

export interface InsertPlan {
  readonly names: readonly string[]
  readonly types: readonly (string | undefined)[]
  /** Rows one statement can hold. */
  readonly mostRows: number
  statement(rows: readonly InsertRow[]): { readonly text: string; readonly values: readonly unknown[] }
}

/** @throws RangeError without columns; TypeError for what is no type */
export function insertPlan({ table, columns, onConflict }: InsertTarget): InsertPlan {
  const isList = Array.isArray(columns)
  const names = isList ? (columns as readonly string[]) : Object.keys(columns)
  if (names.length === 0) throw new RangeError('an insert needs columns')
  const into = `INSERT INTO ${tableSql(table)} (${names.map(quoted).join(', ')})`
  const tail = onConflict === 'nothing' ? ' ON CONFLICT DO NOTHING' : ''
  if (isList) return ofValues(into, tail, names)
  const types = Object.values(columns as Readonly<Record<string, string>>).map(checkedType)
  return ofArrays(into, tail, names, types)
}

function ofValues(into: string, tail: string, names: readonly string[]): InsertPlan {
  return {
    names,
    types: names.map(() => undefined),
    mostRows: Math.floor(mostParameters / names.length),
    statement(rows) {
      let number = 0
      const lists = rows.map(() => `(${names.map(() => `$${++number}`).join(', ')})`)
      const values = rows.flatMap(row => names.map(name => textOf(row[name])))
      return { text: `${into} VALUES ${lists.join(', ')}${tail}`, values }
    },
  }
}

function ofArrays(into: string, tail: string, names: readonly string[], types: readonly string[]): InsertPlan {
  // unnest() takes lists of lists apart to the last element: a column of arrays travels as text.
  const arrays = types.map((type, at) => `$${at + 1}::${type.endsWith('[]') ? 'text' : type}[]`)
  const fields = types.map((type, at) => (type.endsWith('[]') ? `given.c${at}::${type}` : `given.c${at}`))
  const given = names.map((_, at) => `c${at}`)
  const text = `${into} SELECT ${fields.join(', ')} FROM unnest(${arrays.join(', ')}) AS given(${given.join(', ')})${tail}`
  return {
    names,
    types,
    mostRows: Infinity,
    statement: rows => ({ text, values: names.map((name, at) => rows.map(row => textOf(row[name], types[at]))) }),
  }
}

/** Without its length: a cast to varchar(3) cuts the text in silence, and the column refuses it. */
function checkedType(type: string): string {
  const bare = type.replace(/\s*\([\d\s,]+\)/, '').trim()
  if (/^[a-z_][\w .]*(\[\])?$/i.test(bare)) return bare
  throw new TypeError(`${type} is no type of a column`)
}
