/** Inner joins that a statement reads nothing from: candidates to be left out, where the catalog says that no row depends on them. */
import type { ColumnRef, Node } from 'libpg-query'
import type { AccessJoin } from '@whetstone/model'
import { columnOf, columnsWithin, namesOf } from './scope.ts'
import type { Level } from './select.ts'

/**
 * Undefined where a name could hide a read: a bare column among several tables, a whole row, an outer, natural or comma join.
 * The level must be a plain one: no star, no subquery, no WITH.
 */
export function unreadJoins({ select, scope, outputs, locks }: Level): readonly AccessJoin[] | undefined {
  const [item, ...others] = select.fromClause ?? []
  // A row lock is taken on each joined table: without the join, one lock fewer.
  if (!item || others.length > 0 || locks || !isInner(item)) return undefined
  // There a bare name means an output first, and that one is read already.
  const sortClause = (select.sortClause ?? []).filter(node => {
    const reference = 'SortBy' in node ? columnOf(node.SortBy.node) : undefined
    return !outputs.some(({ name }) => name !== '' && reference?.fields?.length === 1 && nameOf(reference) === name)
  })
  const references = columnsWithin({ ...select, sortClause })
  if (!references.every(reference => aliasOf(reference) !== undefined)) return undefined
  const tables = new Map(scope.sources.flatMap(({ name, table }) => (table === undefined ? [] : [[name, table]])))
  if (tables.size !== scope.sources.length) return undefined
  return conditionsOf(item).flatMap(condition => joinsOf(condition, references, tables))
}

/** The tables and inner joins by ON, and nothing else. */
function isInner(node: Node): boolean {
  if ('RangeVar' in node) return true
  if (!('JoinExpr' in node)) return false
  const { jointype, isNatural, usingClause, alias, quals, larg, rarg } = node.JoinExpr
  const isPlain = jointype === 'JOIN_INNER' && !isNatural && !usingClause && !alias && quals !== undefined
  return isPlain && larg !== undefined && rarg !== undefined && isInner(larg) && isInner(rarg)
}

function conditionsOf(node: Node): Node[] {
  if (!('JoinExpr' in node)) return []
  const { larg, rarg, quals } = node.JoinExpr
  return [larg, rarg].flatMap(side => (side ? conditionsOf(side) : [])).concat(quals ?? [])
}

/** Each side whose columns stand in this condition and nowhere else: which of two such is needed, only the catalog can tell. */
function joinsOf(
  condition: Node,
  references: readonly ColumnRef[],
  tables: ReadonlyMap<string, string>,
): readonly AccessJoin[] {
  const pairs = equalities(condition)
  const within = new Set(columnsWithin(condition))
  const aliases = new Set([...within].map(reference => aliasOf(reference)!))
  if (pairs.length === 0 || aliases.size !== 2) return []
  return [...aliases].flatMap(alias => {
    const isElsewhere = references.some(one => aliasOf(one) === alias && !within.has(one))
    const table = tables.get(alias)
    const otherTable = tables.get([...aliases].find(other => other !== alias)!)
    if (isElsewhere || table === undefined || otherTable === undefined) return []
    const on = pairs.map(([left, right]) => {
      const [own, far] = aliasOf(left) === alias ? [left, right] : [right, left]
      return { column: nameOf(own), otherTable, otherColumn: nameOf(far) }
    })
    const isBetween = pairs.every(([left, right]) => aliasOf(left) !== aliasOf(right))
    return isBetween ? [{ table, alias, on }] : []
  })
}

/** Empty unless the whole condition is equal columns, joined by AND. */
function equalities(node: Node): (readonly [ColumnRef, ColumnRef])[] {
  if ('BoolExpr' in node && node.BoolExpr.boolop === 'AND_EXPR') {
    const parts = (node.BoolExpr.args ?? []).map(equalities)
    return parts.every(part => part.length > 0) ? parts.flat() : []
  }
  if (!('A_Expr' in node) || node.A_Expr.kind !== 'AEXPR_OP' || namesOf(node.A_Expr.name).at(-1) !== '=') return []
  const [left, right] = [columnOf(node.A_Expr.lexpr), columnOf(node.A_Expr.rexpr)]
  return left && right ? [[left, right]] : []
}

/** Undefined for a bare name, which may be a column of any table, or a whole row. */
function aliasOf({ fields }: ColumnRef): string | undefined {
  const names = namesOf(fields)
  return names.length === 2 && names.length === fields?.length ? names[0] : undefined
}

const nameOf = ({ fields }: ColumnRef): string => namesOf(fields).at(-1) ?? ''
