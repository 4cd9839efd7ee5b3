/** The terms of WHERE and ON that one index could serve, with the expressions they compare: what a plain list of columns cannot say. */
import type { A_Expr, Node } from 'libpg-query'
import type { AccessTerm } from '@whetstone/model'
import { sqlOf } from './deparse.ts'
import { columnOf, columnsWithin, namesOf } from './scope.ts'
import type { ColumnOfTable, Scope } from './scope.ts'

/** A term before its constants are known to be constants: `side` is what an index would hold, `whole` what a partial index would say. */
export interface ReadTerm extends ColumnOfTable {
  readonly operator: AccessTerm['operator']
  readonly side: Node
  /** Absent where another table has a say. */
  readonly whole?: Node
  readonly alternative?: number
}

export function readTerms(
  node: Node | undefined,
  scope: Scope,
  add: (term: ReadTerm) => void,
  next: () => number,
): void {
  if (!node) return
  if (!('BoolExpr' in node)) return termsOf(node, scope).forEach(add)
  const { boolop, args = [] } = node.BoolExpr
  if (boolop === 'AND_EXPR') for (const each of args) readTerms(each, scope, add, next)
  else if (boolop === 'OR_EXPR') readAlternatives(args, scope, add, next)
  else if (columnOf(args[0])) termsOf(args[0]!, scope).forEach(term => add({ ...term, operator: 'flag', whole: node }))
}

/** Each branch may be one term; of branches with more, no one index tells anything. */
function readAlternatives(
  branches: readonly Node[],
  scope: Scope,
  add: (term: ReadTerm) => void,
  next: () => number,
): void {
  const terms = branches.map(branch => ('BoolExpr' in branch ? [] : termsOf(branch, scope)))
  if (!terms.every(found => found.length === 1)) return
  const each = terms.flat()
  const isList = each.every(
    ({ operator, table, side }) =>
      /^(?:equal|in)$/.test(operator) && table === each[0]!.table && sqlOf(side) === sqlOf(each[0]!.side),
  )
  if (isList) return add({ ...each[0]!, operator: 'in' })
  const alternative = next()
  for (const { whole: _, ...term } of each) add({ ...term, alternative })
}

function termsOf(node: Node, scope: Scope): ReadTerm[] {
  if ('A_Expr' in node) return comparisonOf(node, node.A_Expr, scope)
  if ('NullTest' in node)
    return term(node.NullTest.arg, node.NullTest.nulltesttype === 'IS_NULL' ? 'null' : 'not-null', scope, node)
  return columnOf(node) ? term(node, 'flag', scope, node) : []
}

function comparisonOf(whole: Node, { kind, name, lexpr, rexpr }: A_Expr, scope: Scope): ReadTerm[] {
  const symbol = namesOf(name).at(-1) ?? ''
  switch (kind) {
    case 'AEXPR_OP': {
      if (lexpr && 'RowExpr' in lexpr)
        return (lexpr.RowExpr.args ?? []).flatMap(part => term(part, operators[symbol] ?? 'other', scope))
      const operator = operators[symbol]
      if (operator === undefined) return []
      const [left, right] = [columnsWithin(lexpr).length > 0, columnsWithin(rexpr).length > 0]
      // Containment from the other side is another operator.
      if (right && !left) return /^(?:equal|range|other)$/.test(operator) ? term(rexpr, operator, scope, whole) : []
      if (!right) return term(lexpr, operator, scope, whole)
      // A join by plain columns is told by the shape; by an expression, only here.
      return [lexpr, rexpr].flatMap(side => (operator !== 'equal' || columnOf(side) ? [] : term(side, 'equal', scope)))
    }
    case 'AEXPR_IN':
      return term(lexpr, symbol === '=' ? 'in' : 'other', scope, whole)
    case 'AEXPR_OP_ANY':
      return symbol === '=' && columnsWithin(rexpr).length === 0 ? term(lexpr, 'in', scope) : []
    case 'AEXPR_BETWEEN':
      return term(lexpr, 'range', scope, whole)
    case 'AEXPR_LIKE':
    case 'AEXPR_ILIKE':
      return symbol.startsWith('!') ? [] : term(lexpr, kind === 'AEXPR_LIKE' ? 'like' : 'ilike', scope, whole)
    default:
      return []
  }
}

const operators: Readonly<Record<string, AccessTerm['operator']>> = {
  '=': 'equal',
  '<': 'range',
  '>': 'range',
  '<=': 'range',
  '>=': 'range',
  '<>': 'other',
  '@>': 'contains',
  '&&': 'overlaps',
  '?': 'has-key',
  '?|': 'has-key',
  '?&': 'has-key',
  '@@': 'matches',
  '~~': 'like',
  '~~*': 'ilike',
}

/** Nothing where the side is of no table, or of more than one. */
function term(side: Node | undefined, operator: AccessTerm['operator'], scope: Scope, whole?: Node): ReadTerm[] {
  const columns = columnsWithin(side).map(reference => scope.resolve(reference))
  const [first] = columns
  if (!side || !first || !columns.every(column => column?.table === first.table)) return []
  return [{ ...first, operator, side, ...(whole ? { whole } : {}) }]
}
