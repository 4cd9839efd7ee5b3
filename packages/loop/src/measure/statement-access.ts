/** How a statement finds its rows, with expressions and constants: read from its raw text, because the normalised one has lost the constants. */
import type { Node, SortBy } from 'libpg-query'
import type { AccessOrder, AccessTerm, StatementAccess } from '@whetstone/model'
import { sqlOf } from './statement/deparse.ts'
import { parseStatement } from './statement/parse.ts'
import { columnOf, columnsWithin } from './statement/scope.ts'
import { type Level, Reading } from './statement/select.ts'
import type { ReadTerm } from './statement/terms.ts'
import { unreadJoins } from './statement/unread-joins.ts'

/** Undefined where PostgreSQL would refuse the text, and for statements that find no rows. `loadStatementParser` must have been awaited once. */
export function statementAccess(rawText: string, normalised: string): StatementAccess | undefined {
  const read = readingOf(rawText)
  if (!read) return undefined
  const numbered = readingOf(normalised)?.terms ?? []
  // Both texts are one statement: the same terms in the same order, once with values and once with their numbers.
  const isSame = numbered.length === read.terms.length && numbered.every((one, at) => isAlike(one, read.terms[at]!))
  const terms = read.terms.flatMap((one, at) => accessTerm(one, isSame ? numbered[at] : undefined) ?? [])
  const reads = read.level && readsOf(read.level)
  const unread = read.level && isPlain(read.level) ? unreadJoins(read.level) : undefined
  return {
    terms,
    order: read.level ? orderOf(read.level) : [],
    ...(reads ? { reads } : {}),
    ...(unread ? { unreadJoins: unread } : {}),
  }
}

function readingOf(text: string): { readonly terms: readonly ReadTerm[]; readonly level?: Level } | undefined {
  const statement = parseStatement(text)
  if (!statement) return undefined
  const reading = new Reading()
  if ('SelectStmt' in statement) {
    const level = reading.readSelect(statement.SelectStmt, undefined)
    return { terms: reading.terms, level }
  }
  if (!('UpdateStmt' in statement || 'DeleteStmt' in statement)) return undefined
  reading.readChange(statement)
  return { terms: reading.terms }
}

function isAlike(one: ReadTerm, other: ReadTerm): boolean {
  return one.table === other.table && one.column === other.column && one.operator === other.operator
}

function accessTerm(
  { table, column, operator, side, whole, alternative }: ReadTerm,
  numbered: ReadTerm | undefined,
): AccessTerm | undefined {
  const expression = columnOf(side) ? undefined : sqlOf(side)
  if (!columnOf(side) && expression === undefined) return undefined
  const predicate = numbered && sqlOf(whole)
  return {
    table,
    column,
    ...(expression === undefined ? {} : { expression }),
    operator,
    ...(predicate === undefined ? {} : { predicate }),
    expressionParameters: parametersWithin(numbered?.side),
    predicateParameters: parametersWithin(numbered?.whole),
    ...(alternative === undefined ? {} : { alternative }),
  }
}

function parametersWithin(node: unknown): number[] {
  if (Array.isArray(node)) return node.flatMap(parametersWithin)
  if (typeof node !== 'object' || node === null) return []
  if ('ParamRef' in node) return [(node.ParamRef as { readonly number?: number }).number ?? 0]
  return Object.values(node).flatMap(parametersWithin)
}

function orderOf({ select, scope, outputs }: Level): AccessOrder[] {
  const keys = (select.sortClause ?? []).map(node => {
    if (!('SortBy' in node)) return undefined
    const key = sortedBy(node.SortBy, outputs)
    const columns = columnsWithin(key).map(reference => scope.resolve(reference))
    const [first] = columns
    if (!key || !first || !columns.every(column => column?.table === first.table)) return undefined
    const expression = columnOf(key) ? undefined : sqlOf(key)
    if (!columnOf(key) && expression === undefined) return undefined
    return { ...first, ...(expression === undefined ? {} : { expression }), ...directionOf(node.SortBy) }
  })
  return keys.every(key => key !== undefined) ? keys : []
}

/** An output's name or number stands for its value. */
function sortedBy({ node }: SortBy, outputs: Level['outputs']): Node | undefined {
  if (node && 'A_Const' in node) return outputs[(node.A_Const.ival?.ival ?? 0) - 1]?.value
  const reference = columnOf(node)
  const [name, ...more] = (reference?.fields ?? []).flatMap(field => ('String' in field ? [field.String.sval] : []))
  const output = more.length === 0 ? outputs.find(one => one.name === name) : undefined
  return output?.value ?? node
}

function directionOf({ sortby_dir, sortby_nulls }: SortBy): Pick<AccessOrder, 'descending' | 'nulls'> {
  const descending = sortby_dir === 'SORTBY_DESC'
  const nulls =
    sortby_nulls === 'SORTBY_NULLS_FIRST' ? 'first' : sortby_nulls === 'SORTBY_NULLS_LAST' ? 'last' : undefined
  // What PostgreSQL does anyway is not said.
  return { descending, ...(nulls === undefined || (nulls === 'first') === descending ? {} : { nulls }) }
}

/** Only of one plain query level over tables: what a subquery reads of which table is not followed. */
function readsOf(level: Level): StatementAccess['reads'] {
  if (!isPlain(level)) return undefined
  const { select, scope } = level
  const columns = columnsWithin(select).map(reference => scope.resolve(reference))
  const known = columns.filter(column => column !== undefined)
  return [...new Map(known.map(column => [`${column.table}.${column.column}`, column])).values()]
}

function isPlain({ select, star }: Level): boolean {
  return !star && !select.withClause && !select.larg && !hasSubquery(select)
}

function hasSubquery(node: unknown): boolean {
  if (Array.isArray(node)) return node.some(hasSubquery)
  if (typeof node !== 'object' || node === null) return false
  return 'SubLink' in node || 'RangeSubselect' in node || Object.values(node).some(hasSubquery)
}
