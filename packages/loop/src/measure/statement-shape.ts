/** What a statement asks for, read by PostgreSQL's own parser: tables, conditions, order, limit. Detectors read this and never the text. */
import type { FuncCall, Node, TransactionStmtKind } from 'libpg-query'
import type { StatementShape } from '@whetstone/model'
import { parseStatement } from './statement/parse.ts'
import { namesOf } from './statement/scope.ts'
import { Reading } from './statement/select.ts'
import type { Level } from './statement/select.ts'

export { loadStatementParser } from './statement/parse.ts'

/** Undefined where PostgreSQL would refuse the text, normalised or raw. `loadStatementParser` must have been awaited once. */
export function statementShape(text: string): StatementShape | undefined {
  const statement = parseStatement(text)
  // Its value became a placeholder, which PostgreSQL allows only in data statements.
  if (!statement) return /^\s*set\s/i.test(text) ? { ...plain, operation: 'set' } : undefined
  const reading = new Reading()
  if ('SelectStmt' in statement) {
    const level = reading.readSelect(statement.SelectStmt, undefined)
    const operation = statement.SelectStmt.intoClause ? 'other' : (reading.writes ?? 'select')
    return { ...shapeOfQuery(level), ...collected(reading), operation }
  }
  if ('InsertStmt' in statement || 'UpdateStmt' in statement || 'DeleteStmt' in statement) {
    reading.readChange(statement)
    return { ...shapeOfChange(statement), ...collected(reading) }
  }
  return { ...plain, operation: operationOf(statement) }
}

const plain: StatementShape = {
  operation: 'other',
  tables: [],
  selectsStar: false,
  targetColumns: [],
  hasWhere: false,
  hasLimit: false,
  hasOffset: false,
  isCount: false,
  hasAggregate: false,
  groupBy: false,
  singleRowInsert: false,
  conditions: [],
  orderBy: [],
  locks: false,
}

const collected = (reading: Reading) => ({ tables: [...reading.tables], conditions: reading.conditions })

/** A query whose FROM is one subquery says with it what it returns: the inner limit, order and condition hold for the whole. */
function shapeOfQuery(level: Level): StatementShape {
  const levels = chain(level)
  const innermostStar = levels.every(({ star }) => star) && level.star
  const visible = levels.find(({ star }) => !star) ?? level
  const limit = levels.map(one => one.limit).find(isLimit)
  const offset = levels.map(one => one.offset).find(isLimit)
  const calls = level.outputs.map(({ value }) => aggregateOf(value))
  const groupBy = levels.some(one => one.groupBy)
  return {
    ...plain,
    operation: 'select',
    selectsStar: innermostStar,
    targetColumns: (level.star ? visible : level).outputs
      .map(({ name, column }) => column?.column ?? name)
      .filter(name => name !== '' && name !== '*'),
    hasWhere: levels.some(one => one.hasWhere),
    hasLimit: limit !== undefined,
    hasOffset: offset !== undefined,
    ...numbers('limit', limit),
    ...numbers('offset', offset),
    isCount: calls.length === 1 && calls[0] === 'count' && !level.groupBy,
    hasAggregate: calls.some(call => call !== undefined),
    groupBy,
    orderBy: levels.map(one => one.orderBy).find(order => order.length > 0) ?? [],
    locks: level.locks,
  }
}

function chain(level: Level): Level[] {
  return level.derived ? [level, ...chain(level.derived)] : [level]
}

/** `LIMIT ALL` and `LIMIT NULL` are none. */
function isLimit(node: Node | undefined): node is Node {
  return node !== undefined && !('A_Const' in node && node.A_Const.isnull === true)
}

function numbers(what: 'limit' | 'offset', given: Node | undefined): Partial<StatementShape> {
  const node = given && 'TypeCast' in given ? given.TypeCast.arg : given
  if (node && 'ParamRef' in node && node.ParamRef.number !== undefined)
    return what === 'limit' ? { limitParameter: node.ParamRef.number } : { offsetParameter: node.ParamRef.number }
  if (!node || !('A_Const' in node)) return {}
  const value = node.A_Const.ival?.ival ?? (node.A_Const.ival ? 0 : undefined)
  if (value === undefined) return {}
  return what === 'limit' ? { limitValue: value } : { offsetValue: value }
}

const aggregates = new Set(
  'count sum avg min max array_agg string_agg json_agg jsonb_agg json_object_agg jsonb_object_agg bool_and bool_or every stddev variance percentile_cont percentile_disc mode'.split(
    ' ',
  ),
)

/** Name of the aggregate in an output, below casts, functions and sub-expressions. */
function aggregateOf(node: unknown): string | undefined {
  if (Array.isArray(node)) return node.map(aggregateOf).find(name => name !== undefined)
  if (typeof node !== 'object' || node === null || 'SubLink' in node) return undefined
  if ('FuncCall' in node) {
    const call = node.FuncCall as FuncCall
    const name = namesOf(call.funcname).at(-1) ?? ''
    if (!call.over && aggregates.has(name)) return name
    return aggregateOf(call.args)
  }
  return aggregateOf(Object.values(node))
}

function shapeOfChange(statement: Node): StatementShape {
  const columns = (targets: readonly Node[] | undefined) =>
    (targets ?? []).flatMap(target => ('ResTarget' in target ? [target.ResTarget.name ?? ''] : []))
  if ('InsertStmt' in statement) {
    const { cols, selectStmt } = statement.InsertStmt
    const rows = selectStmt && 'SelectStmt' in selectStmt ? selectStmt.SelectStmt.valuesLists?.length : undefined
    return { ...plain, operation: 'insert', targetColumns: columns(cols), singleRowInsert: rows === 1 }
  }
  if ('UpdateStmt' in statement) {
    const { targetList, whereClause } = statement.UpdateStmt
    return { ...plain, operation: 'update', targetColumns: columns(targetList), hasWhere: whereClause !== undefined }
  }
  const hasWhere = 'DeleteStmt' in statement && statement.DeleteStmt.whereClause !== undefined
  return { ...plain, operation: 'delete', hasWhere }
}

const transactions: Partial<Record<TransactionStmtKind, StatementShape['operation']>> = {
  TRANS_STMT_BEGIN: 'begin',
  TRANS_STMT_START: 'begin',
  TRANS_STMT_COMMIT: 'commit',
  TRANS_STMT_ROLLBACK: 'rollback',
}

function operationOf(statement: Node): StatementShape['operation'] {
  if ('TransactionStmt' in statement)
    return transactions[statement.TransactionStmt.kind ?? 'TRANS_STMT_SAVEPOINT'] ?? 'other'
  return 'VariableSetStmt' in statement ? 'set' : 'other'
}
