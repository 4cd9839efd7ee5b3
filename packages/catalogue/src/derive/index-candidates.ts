/** Which indexes are worth planning: candidates from the conditions, joins and sort keys of heavy statements that scan a table in full. */
import type {
  IndexCandidate,
  IndexColumn,
  PgEvidence,
  PgIndex,
  PgTable,
  Statement,
  StatementsEvidence,
} from '@whetstone/model'
import { columnOf, distinctValues, indexesOf, tableOf } from './columns.ts'
import { specialProposals } from './index-special.ts'
import { candidateKey, type Proposal } from './index-sql.ts'
import { isTable, searchesInside, tableAccess } from './index-terms.ts'
import { filteredScans, fullScans, hasSort, plansByStatement } from './plans.ts'
import { type StatementTime, statementTimes } from './statement-time.ts'
import { statementsById, workOf } from './statements.ts'

export type IndexVariant = 'single' | 'composite' | 'foreign-key'

export interface IndexLimits {
  /** Smaller tables are read in full anyway. */
  readonly rows: number
  readonly cost: number
  readonly foreignKeyRows: number
  /** Share of the database time of all requests. */
  readonly timeFraction: number
  /** A condition that keeps more of the table than this is served best by reading it. */
  readonly keptFraction: number
}

export interface IndexQuestion extends Proposal {
  readonly variant: IndexVariant
  /** Statements the index could serve, heaviest first. */
  readonly statementIds: readonly string[]
  /** Of these the ones whose conditions it was made of; the others read the same table. */
  readonly madeFor: readonly string[]
}

/** Bounds of what one run plans. */
const MOST_STATEMENTS = 30
const MOST_QUESTIONS = 60
const MOST_STATEMENTS_A_QUESTION = 8
const MOST_TABLES_AT_ONCE = 3

export function indexQuestions(
  pg: PgEvidence,
  statements: StatementsEvidence,
  limits: IndexLimits,
): readonly IndexQuestion[] {
  const byId = statementsById(statements)
  const heavy = heavyStatements(statements, limits).map(({ statementId }) => byId.get(statementId)!)
  const questions = new Map<string, Proposal & { variant: IndexVariant; statementIds: string[] }>()
  for (const statement of heavy) {
    const tables = scannedTables(pg, statement, limits)
    for (const table of tables) {
      const plain = candidatesFor(pg, statement, table).map(candidate => ({ candidate }))
      const joined = table === tables[0] ? acrossTables(pg, statement, tables) : []
      for (const proposal of [...plain, ...specialProposals(pg, statement, table), ...joined]) {
        const key = candidateKey(proposal)
        const variant = variantOf(pg, statements, statement, table, proposal, limits)
        const known = questions.get(key)
        if (!known) questions.set(key, { ...proposal, variant, statementIds: [statement.id] })
        else {
          if (!known.statementIds.includes(statement.id)) known.statementIds.push(statement.id)
          // One join on it is enough to say that the index is the foreign key's.
          if (variant === 'foreign-key') known.variant = variant
        }
      }
    }
  }
  return [...questions.values()].slice(0, MOST_QUESTIONS).map(question => ({
    ...question,
    madeFor: question.statementIds,
    // Others on the table may gain too, or lose.
    statementIds: [...new Set([...question.statementIds, ...readersOf(pg, heavy, question.candidate)])].slice(
      0,
      MOST_STATEMENTS_A_QUESTION,
    ),
  }))
}

/** A join that reads both sides in full is hardly cheaper with an index on one: the other side is still read. */
function acrossTables(pg: PgEvidence, statement: Statement, tables: readonly PgTable[]): readonly Proposal[] {
  const [candidate, ...together] = tables.flatMap(table => candidatesFor(pg, statement, table).slice(0, 1))
  return candidate && together.length > 0 && together.length < MOST_TABLES_AT_ONCE ? [{ candidate, together }] : []
}

/** Heavy statements that find rows of the candidate's table by a condition, or sort them. */
function readersOf(pg: PgEvidence, heavy: readonly Statement[], { schema, table }: IndexCandidate): readonly string[] {
  const own = tableOf(pg, `${schema}.${table}`)
  return heavy.flatMap(({ id, shape }) => {
    const isRead = own && shape?.tables.some(name => isTable(name, own)) && (shape.hasWhere || shape.orderBy.length > 0)
    return isRead ? [id] : []
  })
}

function heavyStatements(statements: StatementsEvidence, limits: IndexLimits): readonly StatementTime[] {
  const byId = statementsById(statements)
  return statementTimes(statements)
    .filter(({ statementId, timeFraction }) => {
      const statement = byId.get(statementId)
      return timeFraction >= limits.timeFraction && statement?.shape !== undefined && workOf(statement) !== 'control'
    })
    .slice(0, MOST_STATEMENTS)
}

/** Tables of the statement that are large and, as far as plans are known, read in full, filtered or sorted at a cost. */
function scannedTables(pg: PgEvidence, statement: Statement, limits: IndexLimits): readonly PgTable[] {
  const plans = plansByStatement(pg).get(statement.id) ?? []
  const tables = [...new Set(statement.shape?.tables)].flatMap(name => tableOf(pg, name) ?? [])
  return tables.filter(table => {
    if (table.rows < limits.rows) return false
    if (plans.length === 0) return true
    return plans.some(({ root, totalCost }) => {
      const scans = fullScans(root, table.name)
      // A LIMIT hides what the scan below it costs when the key is not met early.
      if (Math.max(totalCost, ...scans.map(scan => scan.totalCost)) < limits.cost) return false
      const sortsIt = hasSort(root) && isSorted(statement, table)
      if (scans.length === 0) return sortsIt || filteredScans(root, table.name, limits.keptFraction).length > 0
      const isJoined = joinColumns(statement, table).length > 0
      const keepsFew =
        scans.some(({ planRows }) => planRows <= table.rows * limits.keptFraction) || isGuessed(statement, table)
      return keepsFew || isJoined || (sortsIt && (statement.shape?.hasLimit ?? false))
    })
  })
}

function candidatesFor(pg: PgEvidence, statement: Statement, table: PgTable): readonly IndexCandidate[] {
  const conditions = (statement.shape?.conditions ?? []).filter(({ table: name }) => isTable(name, table))
  const named = (...operators: string[]) => [
    ...new Set(
      conditions.filter(condition => operators.includes(condition.operator)).map(condition => condition.column),
    ),
  ]
  const distinctFirst = (a: string, b: string) => (distinctValues(table, b) ?? 0) - (distinctValues(table, a) ?? 0)
  const equals = named('equal', 'in').toSorted(distinctFirst).slice(0, 3)
  const [range] = named('range')
  const order = orderColumns(statement, table).filter(({ name }) => !equals.includes(name))
  const joins = joinColumns(statement, table)
  const plain = (...names: string[]): IndexColumn[] => names.map(name => ({ name }))

  const lists: IndexColumn[][] = [
    ...equals.slice(0, 2).map(name => plain(name)),
    ...joins.map(name => plain(name)),
    ...(equals.length > 1 ? [plain(...equals)] : []),
    ...(range === undefined || equals.includes(range) ? [] : [plain(...equals, range)]),
    ...(order.length > 0 && (equals.length > 0 || statement.shape?.hasLimit) ? [[...plain(...equals), ...order]] : []),
    ...joins.flatMap(name => equals.filter(equal => equal !== name).map(equal => plain(equal, name))),
  ]
  const btree = lists
    .filter(columns => columns.every(({ name }) => columnOf(table, name)) && !isServed(pg, table, columns, equals))
    .map(columns => ({ schema: table.schema, table: table.name, columns, method: 'btree' as const }))
  const contains = named('like').filter(name => /char|text/.test(columnOf(table, name)?.type ?? ''))
  const trigram = searchesInside(statement)
    ? contains.map(name => ({ schema: table.schema, table: table.name, columns: [{ name }], method: 'gin' as const }))
    : []
  return [...btree, ...trigram.filter(({ columns }) => !hasGin(pg, table, columns[0]!.name))]
}

/** Of an expression the planner knows nothing before it is indexed: it takes a third of the rows for granted. */
function isGuessed(statement: Statement, table: PgTable): boolean {
  const access = tableAccess(statement, table)
  return [...(access?.equals ?? []), ...(access?.ranges ?? [])].some(({ expression }) => expression !== undefined)
}

function isSorted(statement: Statement, table: PgTable): boolean {
  return orderColumns(statement, table).length > 0 || (tableAccess(statement, table)?.order.length ?? 0) > 0
}

/** Sort keys, when all of them are columns of this table. */
function orderColumns(statement: Statement, table: PgTable): readonly IndexColumn[] {
  const order = statement.shape?.orderBy ?? []
  if (!order.every(column => isTable(column.table, table))) return []
  return order
    .slice(0, 3)
    .map(({ column, descending }) => (descending ? { name: column, descending } : { name: column }))
}

function joinColumns(statement: Statement, table: PgTable): readonly string[] {
  const joins = (statement.shape?.conditions ?? []).filter(condition => condition.operator === 'join')
  return [
    ...new Set(
      joins.flatMap(condition => [
        ...(isTable(condition.table, table) ? [condition.column] : []),
        ...(isTable(condition.otherTable, table) && condition.otherColumn !== undefined ? [condition.otherColumn] : []),
      ]),
    ),
  ]
}

/** An index with the same leading columns is there; columns compared for equality may stand in any order. */
function isServed(pg: PgEvidence, table: PgTable, columns: readonly IndexColumn[], equals: readonly string[]): boolean {
  const names = columns.map(({ name }) => name)
  const anyOrder = names.every(name => equals.includes(name))
  return indexesOf(pg, table).some(index => {
    if (!index.valid || index.partial || index.method !== 'btree') return false
    const leading = index.columns.slice(0, names.length)
    if (anyOrder) return names.every(name => leading.includes(name))
    return names.every((name, at) => leading[at] === name) && isSameDirection(index, columns, equals)
  })
}

/** An index is read in both directions, but all of it: `(a, b)` does not give the order of a and then b descending. */
function isSameDirection(index: PgIndex, columns: readonly IndexColumn[], equals: readonly string[]): boolean {
  const [, list = ''] = /\((.*?)\)(?: (?:INCLUDE|WHERE|WITH)|$)/.exec(index.definition) ?? []
  const keys = list.split(', ')
  const turned = columns.flatMap(({ name, descending = false }, at) =>
    equals.includes(name) ? [] : [descending !== / DESC\b/.test(keys[at] ?? '')],
  )
  return new Set(turned).size <= 1
}

function hasGin(pg: PgEvidence, table: PgTable, column: string): boolean {
  return indexesOf(pg, table).some(index => /gin|gist/.test(index.method) && index.columns.includes(column))
}

function variantOf(
  pg: PgEvidence,
  statements: StatementsEvidence,
  statement: Statement,
  table: PgTable,
  { candidate, together = [] }: Proposal,
  limits: IndexLimits,
): IndexVariant {
  const { columns, include = [], where, method } = candidate
  if (columns.length > 1 || include.length > 0 || together.length > 0) return 'composite'
  if (method !== 'btree' || where !== undefined || columns[0]!.expression !== undefined) return 'single'
  const column = columns[0]!.name
  const key = pg.foreignKeys.find(
    ({ schema, table: name, columns }) =>
      schema === table.schema && name === table.name && columns.length === 1 && columns[0] === column,
  )
  if (!key || table.rows < limits.foreignKeyRows) return 'single'
  const isJoined = joinColumns(statement, table).includes(column)
  return isJoined || parentDeletes(statements, key.referencedTable).length > 0 ? 'foreign-key' : 'single'
}

/** Deletes by requests from the table a foreign key points to: each must look for children. */
export function parentDeletes(statements: StatementsEvidence, parent: string): readonly StatementTime[] {
  const byId = statementsById(statements)
  return statementTimes(statements).filter(({ statementId }) => {
    const shape = byId.get(statementId)?.shape
    return shape?.operation === 'delete' && shape.tables[0]?.replaceAll('"', '').split('.').at(-1) === parent
  })
}
