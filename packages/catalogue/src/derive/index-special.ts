/** Candidates that a list of columns cannot say: expressions, parts of a table, columns carried along, GIN, and one index for each branch of an OR. */
import type { IndexCandidate, PgEvidence, PgTable, Statement } from '@whetstone/model'
import { columnOf, distinctValues, indexesOf, rowWidthBytes } from './columns.ts'
import { isCastOfIndexed } from './hidden-indexes.ts'
import type { Proposal } from './index-sql.ts'
import { nodesOf, plansByStatement } from './plans.ts'
import { type Key, searchesInside, sideOf, type TableAccess, tableAccess } from './index-terms.ts'

/** Of one statement and table: what is asked for is built and planned, so every one costs time. */
const MOST_PROPOSALS = 10
/** Bytes that an index may carry along per row, and the share of the row it may hold in all; more makes a second table of it. */
const MOST_CARRIED_BYTES = 40
const MOST_OF_ROW = 0.5
const MOST_CARRIED_COLUMNS = 4
const MOST_KEYS = 4

export function specialProposals(pg: PgEvidence, statement: Statement, table: PgTable): readonly Proposal[] {
  const access = tableAccess(statement, table)
  if (!access) return []
  const full = keyLists(access, table)
  const btree = (keys: readonly Key[], more: Partial<IndexCandidate> = {}): IndexCandidate => ({
    schema: table.schema,
    table: table.name,
    columns: keys.slice(0, MOST_KEYS),
    method: 'btree',
    ...more,
  })
  return [
    ...full.filter(isSpecial).map(keys => btree(keys)),
    ...prefixKeys(access, table).map(key => btree([key])),
    ...ginColumns(statement, access, table)
      .filter(({ name, expression }) => expression !== undefined || !hasGin(pg, table, name))
      .map(key => ({ ...btree([key]), method: 'gin' as const })),
    ...partials(access, table).map(({ keys, where }) => btree(keys, { where })),
    ...(fetchesMany(pg, statement, table) ? covering(access, table, full) : []).map(({ keys, include }) =>
      btree(keys, { include }),
    ),
  ]
    .filter(candidate => !isThere(pg, table, candidate))
    .filter(({ columns }) => !columns.some(({ expression }) => isCastOfIndexed(pg, table, expression)))
    .map(candidate => ({ candidate }))
    .concat(alternatives(pg, access, table, btree))
    .slice(0, MOST_PROPOSALS)
}

/** From the fullest: equal keys (most distinct first) with the sort keys, with a range, and alone. */
function keyLists({ equals, ranges, order }: TableAccess, table: PgTable): readonly (readonly Key[])[] {
  const sorted = equals.toSorted((a, b) => distinct(table, b) - distinct(table, a)).slice(0, 3)
  const free = order.filter(key => !sorted.some(equal => sideOf(equal) === sideOf(key)))
  const range = ranges.find(key => !sorted.some(equal => sideOf(equal) === sideOf(key)))
  return [
    ...(free.length > 0 ? [[...sorted, ...free]] : []),
    ...(range ? [[...sorted, range]] : []),
    ...(sorted.length > 0 ? [sorted] : []),
    ...(sorted.length > 1 ? sorted.map(key => [key]) : []),
  ]
}

/** Of an expression nothing is known before it is indexed; whoever compares with one means to find few rows. */
function distinct(table: PgTable, key: Key): number {
  return key.expression === undefined ? (distinctValues(table, key.name) ?? 0) : table.rows / 10
}

/** Plain columns are proposed from the shape already. */
const isSpecial = (keys: readonly Key[]): boolean =>
  keys.some(({ expression, nulls }) => expression !== undefined || nulls !== undefined) || keys.length > 3

/** Outside of the C locale a btree serves LIKE only with the operators of patterns. */
function prefixKeys({ prefixes }: TableAccess, table: PgTable): readonly Key[] {
  return prefixes.map(key => {
    const type = key.expression === undefined ? columnOf(table, key.name)?.type : 'text'
    return { ...key, operatorClass: type?.startsWith('character varying') ? 'varchar_pattern_ops' : 'text_pattern_ops' }
  })
}

function ginColumns(statement: Statement, { searches }: TableAccess, table: PgTable): readonly Key[] {
  return searches.flatMap(({ operator, column, expression }): Key[] => {
    const type = columnOf(table, column)?.type ?? ''
    const key: Key = { name: column, ...(expression === undefined ? {} : { expression }) }
    if (operator === 'like' || operator === 'ilike') {
      // Of a plain column the shape tells the same.
      return expression !== undefined && searchesInside(statement) ? [key] : []
    }
    if (operator === 'matches') return [{ ...key, operatorClass: 'default' }]
    if (operator === 'contains' && type === 'jsonb') return [{ ...key, operatorClass: 'jsonb_path_ops' }]
    if (operator === 'has-key') return type === 'jsonb' ? [{ ...key, operatorClass: 'default' }] : []
    return type.endsWith('[]') ? [{ ...key, operatorClass: 'default' }] : []
  })
}

function hasGin(pg: PgEvidence, table: PgTable, column: string): boolean {
  return indexesOf(pg, table).some(index => /gin|gist/.test(index.method) && index.columns.includes(column))
}

/** The constants of the statement limit the index, and what else it asks for are its keys. */
function partials(
  access: TableAccess,
  table: PgTable,
): readonly { readonly keys: readonly Key[]; readonly where: string }[] {
  const { constants } = access
  if (constants.length === 0) return []
  const where = constants.map(({ predicate }) => bracketed(predicate!)).join(' AND ')
  const isFixed = (key: Key) =>
    constants.some(
      term =>
        (term.expression ?? term.column) === sideOf(key) && /^(?:equal|in|null|not-null|flag)$/.test(term.operator),
    )
  const rest = {
    ...access,
    equals: access.equals.filter(key => !isFixed(key)),
    ranges: access.ranges.filter(key => !isFixed(key)),
    order: access.order.filter(key => !isFixed(key)),
  }
  const lists = keyLists(rest, table)
  const alone = constants[0]!
  const own: Key = { name: alone.column, ...(alone.expression === undefined ? {} : { expression: alone.expression }) }
  return (lists.length > 0 ? lists.slice(0, 2) : [[own]]).map(keys => ({ keys, where }))
}

const bracketed = (predicate: string): string => (/\sOR\s/.test(predicate) ? `(${predicate})` : predicate)

/** Rows of the table that the planner expects: visiting the table for fewer costs nothing worth an index. */
const LEAST_ROWS_TO_CARRY = 60

function fetchesMany(pg: PgEvidence, statement: Statement, table: PgTable): boolean {
  const scans = (plansByStatement(pg).get(statement.id) ?? []).flatMap(({ root }) =>
    nodesOf(root).filter(node => node.relation === table.name),
  )
  return scans.length === 0 || scans.some(({ planRows }) => planRows >= LEAST_ROWS_TO_CARRY)
}

/** The fullest list of keys, with all that is read besides: then the table itself need not be visited. */
function covering(
  { reads }: TableAccess,
  table: PgTable,
  lists: readonly (readonly Key[])[],
): readonly { readonly keys: readonly Key[]; readonly include: readonly string[] }[] {
  if (!reads) return []
  return lists.slice(0, 2).flatMap(keys => {
    if (keys.some(({ expression }) => expression !== undefined)) return []
    const include = reads.filter(name => !keys.some(key => key.name === name))
    const bytes = include.reduce((sum, name) => sum + (columnOf(table, name)?.averageWidthBytes ?? 32), 0)
    const keyBytes = rowWidthBytes(table, [...keys.map(({ name }) => name), ...include])
    const isNarrow =
      include.length <= MOST_CARRIED_COLUMNS &&
      bytes <= MOST_CARRIED_BYTES &&
      keyBytes <= rowWidthBytes(table) * MOST_OF_ROW
    return include.length > 0 && isNarrow ? [{ keys, include }] : []
  })
}

/** Branches that an index serves already need no other. */
function alternatives(
  pg: PgEvidence,
  { alternatives: groups }: TableAccess,
  table: PgTable,
  btree: (keys: readonly Key[]) => IndexCandidate,
): readonly Proposal[] {
  return groups.flatMap(keys => {
    const missing = keys.filter(
      key => !indexesOf(pg, table).some(one => one.valid && !one.partial && one.columns[0] === sideOf(key)),
    )
    const [first, ...others] = missing
    if (!first) return []
    return [{ candidate: btree([first]), ...(others.length > 0 ? { together: others.map(key => btree([key])) } : {}) }]
  })
}

/** The same keys with the same limits, or an index of the same keys that carries as much. */
function isThere(pg: PgEvidence, table: PgTable, { columns, method, include = [], where }: IndexCandidate): boolean {
  if (where !== undefined || include.length > 0) return false
  return indexesOf(pg, table).some(
    index =>
      index.valid &&
      !index.partial &&
      index.method === method &&
      columns.every((key, at) => isWritten(index.columns[at], key)),
  )
}

/** PostgreSQL writes expressions in its own way: brackets, casts and blanks do not tell them apart. */
function isWritten(shown: string | undefined, key: Key): boolean {
  if (shown === undefined) return false
  if (key.expression === undefined) return shown === key.name
  const plain = (text: string) => text.toLowerCase().replaceAll(/::[a-z ]+|[\s()]/g, '')
  return plain(shown) === plain(key.expression)
}
