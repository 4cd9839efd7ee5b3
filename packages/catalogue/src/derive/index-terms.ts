/** What a statement asks of one table, as keys an index could have and conditions it could be limited to. */
import type { AccessTerm, IndexColumn, PgTable, Statement } from '@whetstone/model'
import { columnOf } from './columns.ts'

export interface TableAccess {
  readonly equals: readonly Key[]
  readonly ranges: readonly Key[]
  /** Sort keys, when all of them are of this table. */
  readonly order: readonly Key[]
  /** Conditions whose values are the same in every call. */
  readonly constants: readonly AccessTerm[]
  /** One list for each OR: a key for each branch. */
  readonly alternatives: readonly (readonly Key[])[]
  /** What GIN serves. */
  readonly searches: readonly AccessTerm[]
  /** Beginnings of texts. */
  readonly prefixes: readonly Key[]
  readonly reads: readonly string[] | undefined
}

export type Key = IndexColumn

/** Undefined for statements of older runs, and for those nobody could parse. */
export function tableAccess(statement: Statement, table: PgTable): TableAccess | undefined {
  const { access } = statement
  if (!access) return undefined
  const own = access.terms.filter(term => isTable(term.table, table) && columnOf(table, term.column))
  const steady = own.filter(term => isSteady(statement, term.expressionParameters))
  const all = steady.filter(({ alternative }) => alternative === undefined)
  const keys = (...operators: AccessTerm['operator'][]) =>
    unique(all.filter(({ operator }) => operators.includes(operator)).map(keyOf))
  const groups = new Set(own.flatMap(({ alternative }) => alternative ?? []))
  const order = access.order.every(one => isTable(one.table, table) && columnOf(table, one.column)) ? access.order : []
  const reads = access.reads?.filter(one => isTable(one.table, table)).map(({ column }) => column)
  return {
    equals: keys('equal', 'in'),
    ranges: keys('range'),
    order: order.map(one => ({
      ...keyOf(one),
      ...(one.descending ? { descending: true } : {}),
      ...(one.nulls ? { nulls: one.nulls } : {}),
    })),
    constants: all.filter(
      ({ operator, predicate, predicateParameters }) =>
        /^(?:equal|in|range|null|not-null|flag|other)$/.test(operator) &&
        predicate !== undefined &&
        isSteady(statement, predicateParameters),
    ),
    alternatives: [...groups].flatMap(group => {
      const branches = own.filter(({ alternative }) => alternative === group)
      const isServable = branches.every(one => /^(?:equal|in|range)$/.test(one.operator) && steady.includes(one))
      return isServable ? [unique(branches.map(keyOf))] : []
    }),
    searches: all.filter(({ operator }) => /^(?:contains|has-key|overlaps|matches|like|ilike)$/.test(operator)),
    prefixes: startsWithText(statement) ? keys('like') : [],
    reads: reads?.filter(name => columnOf(table, name)),
  }
}

function keyOf({ column, expression }: { readonly column: string; readonly expression?: string }): Key {
  return { name: column, ...(expression === undefined ? {} : { expression }) }
}

export const sideOf = ({ name, expression }: Key): string => expression ?? name

function unique(keys: readonly Key[]): Key[] {
  return [...new Map(keys.map(key => [sideOf(key), key])).values()]
}

/** Constants of the raw text might be values that the application writes into it: then they differ from call to call. */
function isSteady({ parameters }: Statement, places: readonly number[]): boolean {
  return places.every(place => {
    const values = new Set(parameters.map(({ values: all }) => all[place - 1]))
    return parameters.length === 0 || values.size === 1
  })
}

/** A pattern that begins with % can use no btree; one that does not, needs no trigrams. */
export function searchesInside(statement: Statement): boolean {
  return textsOf(statement).some(text => text.startsWith('%')) || /like\s+'%/i.test(statement.rawText ?? statement.text)
}

function startsWithText(statement: Statement): boolean {
  if (searchesInside(statement)) return false
  return textsOf(statement).some(text => /^[^%_]+%$/.test(text)) || /like\s+'[^%_']+%'/i.test(statement.rawText ?? '')
}

function textsOf({ parameters }: Statement): string[] {
  return parameters.flatMap(({ values }) => values).filter(value => typeof value === 'string')
}

export function isTable(name: string | undefined, table: PgTable): boolean {
  const bare = name?.replaceAll('"', '')
  return bare === table.name || bare === `${table.schema}.${table.name}`
}
