/** Writes the expressions an index can hold back as SQL: columns without their table's name, constants, operators and functions. */
import type { A_Const, FuncCall, Node, TypeName } from 'libpg-query'
import { quoted } from '@whetstone/catalogue'
import { escapeLiteral } from 'pg'
import { namesOf } from './scope.ts'

/** Undefined where the node holds something else: a parameter, a subquery, the time of day. Whether functions are immutable only the server knows. */
export function sqlOf(node: Node | undefined): string | undefined {
  if (!node) return undefined
  if ('ColumnRef' in node) {
    const name = namesOf(node.ColumnRef.fields).at(-1)
    return name === undefined ? undefined : quoted(name)
  }
  if ('A_Const' in node) return constantOf(node.A_Const)
  if ('TypeCast' in node) return castOf(node.TypeCast.arg, node.TypeCast.typeName)
  if ('FuncCall' in node) return callOf(node.FuncCall)
  if ('A_Expr' in node) return operationOf(node.A_Expr)
  if ('NullTest' in node) {
    const argument = within(node.NullTest.arg)
    return argument && `${argument} IS ${node.NullTest.nulltesttype === 'IS_NULL' ? '' : 'NOT '}NULL`
  }
  if ('BoolExpr' in node) {
    const { boolop, args } = node.BoolExpr
    const parts = all((args ?? []).map(within))
    if (boolop === 'NOT_EXPR') return parts && `NOT ${parts[0]}`
    return parts?.join(boolop === 'AND_EXPR' ? ' AND ' : ' OR ')
  }
  if ('CoalesceExpr' in node) return listed('COALESCE(', node.CoalesceExpr.args, ')')
  if ('A_ArrayExpr' in node) return listed('ARRAY[', node.A_ArrayExpr.elements, ']')
  return undefined
}

/** In brackets unless it is a name, a constant or a call. */
function within(node: Node | undefined): string | undefined {
  const sql = sqlOf(node)
  const isWhole =
    node &&
    ('ColumnRef' in node || 'A_Const' in node || 'FuncCall' in node || 'CoalesceExpr' in node || 'TypeCast' in node)
  return sql === undefined || isWhole ? sql : `(${sql})`
}

function constantOf(constant: A_Const): string | undefined {
  if (constant.isnull) return 'NULL'
  if (constant.ival) return String(constant.ival.ival ?? 0)
  if (constant.fval) return constant.fval.fval
  if (constant.sval) return escapeLiteral(constant.sval.sval ?? '')
  return constant.boolval ? String(constant.boolval.boolval ?? false) : undefined
}

function castOf(argument: Node | undefined, type: TypeName | undefined): string | undefined {
  const sql = within(argument)
  const names = namesOf(type?.names).filter(name => name !== 'pg_catalog')
  // Lengths and precisions are left to their defaults only where none are given.
  if (sql === undefined || names.length === 0 || (type?.typmods?.length ?? 0) > 0) return undefined
  return `${sql}::${names.map(quoted).join('.')}${'[]'.repeat(type?.arrayBounds?.length ?? 0)}`
}

function callOf({ funcname, funcformat, args, agg_star, agg_distinct, over }: FuncCall): string | undefined {
  const names = namesOf(funcname)
  if (agg_star || agg_distinct || over || names.length === 0 || changing.has(names.at(-1)!)) return undefined
  const written = funcformat === 'COERCE_SQL_SYNTAX' ? syntaxOf(names.at(-1)!, args) : undefined
  return written ?? listed(`${names.map(quoted).join('.')}(`, args, ')')
}

/** What SQL has words for, people know by the words. */
function syntaxOf(name: string, [first, second]: readonly Node[] = []): string | undefined {
  const subject = within(second)
  if (subject === undefined) return undefined
  if (name === 'timezone') return `(${subject} AT TIME ZONE ${within(first)})`
  const field = first && 'A_Const' in first ? first.A_Const.sval?.sval : undefined
  return name === 'extract' && /^[a-z]+$/.test(field ?? '') ? `EXTRACT(${field} FROM ${subject})` : undefined
}

function listed(before: string, nodes: readonly Node[] | undefined, after: string): string | undefined {
  const parts = all((nodes ?? []).map(sqlOf))
  return parts && `${before}${parts.join(', ')}${after}`
}

function operationOf({ kind, name, lexpr, rexpr }: Extract<Node, { A_Expr: unknown }>['A_Expr']): string | undefined {
  const operator = namesOf(name).at(-1)
  const left = within(lexpr)
  if (operator === undefined || left === undefined) return undefined
  if (kind === 'AEXPR_IN') {
    const items = rexpr && 'List' in rexpr ? listed('(', rexpr.List.items, ')') : undefined
    return items && `${left} ${operator === '=' ? 'IN' : 'NOT IN'} ${items}`
  }
  if (kind === 'AEXPR_BETWEEN') {
    const bounds = rexpr && 'List' in rexpr ? all((rexpr.List.items ?? []).map(within)) : undefined
    return bounds && `${left} BETWEEN ${bounds.join(' AND ')}`
  }
  const right = within(rexpr)
  if (right === undefined || !plainKinds.has(kind ?? '')) return undefined
  return `${left} ${operator} ${right}`
}

/** LIKE and its kind are operators by another name: `~~`. */
const plainKinds = new Set(['AEXPR_OP', 'AEXPR_LIKE', 'AEXPR_ILIKE'])

function all(parts: readonly (string | undefined)[]): string[] | undefined {
  return parts.every(part => part !== undefined) ? [...parts] : undefined
}

/** Functions people write in conditions that answer differently each time: no index can hold them. Of others the server is asked. */
const changing = new Set(
  'now clock_timestamp statement_timestamp transaction_timestamp random gen_random_uuid'.split(' '),
)
