/** What WHERE and JOIN … ON ask of single columns: the conditions an index could serve. */
import type { A_Expr, Node } from 'libpg-query'
import type { Condition } from '@whetstone/model'
import { columnOf, columnsWithin, namesOf } from './scope.ts'
import type { ColumnOfTable, Scope } from './scope.ts'

export interface ConditionSink {
  readonly scope: Scope
  readonly add: (condition: Condition) => void
  /** Reads a subquery and gives back where its first column comes from. */
  readonly subquery: (query: Node | undefined) => ColumnOfTable | undefined
}

type Operator = Exclude<Condition['operator'], 'join'>

export function readConditions(node: Node | undefined, sink: ConditionSink): void {
  if (!node) return
  if ('BoolExpr' in node) {
    const { boolop, args = [] } = node.BoolExpr
    if (boolop === 'AND_EXPR') for (const each of args) readConditions(each, sink)
    else if (boolop === 'OR_EXPR') readAlternatives(args, sink)
    else readNegation(args[0], sink)
  } else if ('A_Expr' in node) readExpression(node.A_Expr, sink)
  else if ('NullTest' in node) note(node.NullTest.arg, 'null', sink)
  else if ('BooleanTest' in node) note(node.BooleanTest.arg, 'other', sink)
  else if ('ColumnRef' in node) note(node, 'equal', sink)
  else if ('SubLink' in node) {
    const { subLinkType, testexpr, subselect } = node.SubLink
    const inner = sink.subquery(subselect)
    if (subLinkType === 'ANY_SUBLINK') joinOr('in', testexpr, inner, sink)
  } else noteAll(node, sink)
}

/** `a = 1 OR a = 2` is `a IN (1, 2)`; anything else needs more than one index and is only mentioned. */
function readAlternatives(args: readonly Node[], sink: ConditionSink): void {
  const each = args.map(arg => {
    const found: Condition[] = []
    readConditions(arg, { ...sink, add: condition => found.push(condition) })
    return found
  })
  const first = each[0]?.[0]
  const same =
    first !== undefined &&
    each.every(found => {
      const [one, ...more] = found
      const isList = one?.operator === 'equal' || one?.operator === 'in'
      return isList && more.length === 0 && one.table === first.table && one.column === first.column
    })
  if (same) sink.add({ table: first.table, column: first.column, operator: 'in' })
  else for (const condition of each.flat()) sink.add(asOther(condition))
}

function readNegation(argument: Node | undefined, sink: ConditionSink): void {
  const isFlag = columnOf(argument) !== undefined
  readConditions(argument, isFlag ? sink : { ...sink, add: condition => sink.add(asOther(condition)) })
}

const asOther = ({ table, column, operator, ...rest }: Condition): Condition =>
  operator === 'join' ? { table, column, operator, ...rest } : { table, column, operator: 'other' }

function readExpression(expression: A_Expr, sink: ConditionSink): void {
  const { kind, lexpr, rexpr } = expression
  const name = namesOf(expression.name).at(-1) ?? ''
  for (const side of [lexpr, rexpr]) if (side && 'SubLink' in side) sink.subquery(side.SubLink.subselect)
  switch (kind) {
    case 'AEXPR_OP':
      if (lexpr && 'RowExpr' in lexpr) for (const part of lexpr.RowExpr.args ?? []) note(part, operatorOf(name), sink)
      else readComparison(name, lexpr, rexpr, sink)
      return
    case 'AEXPR_IN':
    case 'AEXPR_OP_ANY':
      note(lexpr, name === '=' ? 'in' : 'other', sink)
      return
    case 'AEXPR_BETWEEN':
    case 'AEXPR_BETWEEN_SYM':
      note(lexpr, 'range', sink)
      return
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
      note(lexpr, name.startsWith('!') ? 'other' : 'like', sink)
      return
    default:
      note(lexpr, 'other', sink)
  }
}

function readComparison(name: string, left: Node | undefined, right: Node | undefined, sink: ConditionSink): void {
  const operator = operatorOf(name)
  const leftColumn = columnOf(left)
  const rightColumn = columnOf(right)
  if (leftColumn && rightColumn) {
    const own = sink.scope.resolve(leftColumn)
    const other = sink.scope.resolve(rightColumn)
    const one = own ?? other
    if (own && other) joinOr('other', left, operator === 'equal' ? other : undefined, sink)
    // The unknown side is a value like any other, as in the lookups of a recursive query.
    else if (one) sink.add({ ...one, operator })
  } else if (leftColumn) note(left, columnsWithin(right).length > 0 ? 'other' : operator, sink)
  else if (rightColumn) note(right, columnsWithin(left).length > 0 ? 'other' : operator, sink)
  else noteAll([left, right], sink)
}

function joinOr(
  otherwise: Operator,
  node: Node | undefined,
  other: ColumnOfTable | undefined,
  sink: ConditionSink,
): void {
  const reference = columnOf(node)
  const own = reference && sink.scope.resolve(reference)
  if (!own) return
  if (!other || (other.table === own.table && other.column === own.column)) sink.add({ ...own, operator: otherwise })
  else sink.add({ ...own, operator: 'join', otherTable: other.table, otherColumn: other.column })
}

function note(node: Node | undefined, operator: Operator, sink: ConditionSink): void {
  const reference = columnOf(node)
  if (!reference) return noteAll(node, sink)
  const column = sink.scope.resolve(reference)
  if (column) sink.add({ ...column, operator })
}

/** Columns inside an expression: `lower(email) = $1` asks something of `email`, though no plain index serves it. */
function noteAll(node: unknown, sink: ConditionSink): void {
  for (const reference of columnsWithin(node)) {
    const column = sink.scope.resolve(reference)
    if (column) sink.add({ ...column, operator: 'other' })
  }
}

function operatorOf(name: string): Operator {
  if (name === '=') return 'equal'
  if (name === '<' || name === '>' || name === '<=' || name === '>=') return 'range'
  return name === '~~' || name === '~~*' ? 'like' : 'other'
}
