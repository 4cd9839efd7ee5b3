/** Rewrites a statement for one key into one for many, so that the remedy can be copied instead of described. */
import type { Statement } from '@whetstone/model'

export interface ManyKeys {
  readonly sql: string
  /** Column of the answer that says which key a row belongs to. */
  readonly keyColumn: string
  /** From 1. */
  readonly parameter: number
}

export interface KeyKnowledge {
  /** True when at most one row carries a value of the column. */
  readonly isUnique: (table: string, column: string) => boolean
  readonly typeOf: (table: string, column: string) => string | undefined
}
const nothingKnown: KeyKnowledge = { isUnique: (_, column) => column === 'id', typeOf: () => undefined }

/** Undefined when no `column = $n` can be found in the text: then only words can help. */
export function forManyKeys(statement: Statement, knowledge: KeyKnowledge = nothingKnown): ManyKeys | undefined {
  const text = statement.text.replace(/\s+/g, ' ').replace(/;\s*$/, '').trim()
  const key = varyingEquality(text, statement)
  if (!key) return undefined
  const { shape } = statement
  const table = shape?.conditions.find(condition => condition.column === key.column)?.table ?? shape?.tables[0] ?? ''
  const unlimited = text.replace(/ limit (\d+|\$\d+)$/i, '')
  const limitIsIdle = unlimited !== text && knowledge.isUnique(table, key.column)
  const plain = limitIsIdle ? unlimited : text
  const simple = !/\b(limit|offset|distinct|union|group by|having|for update|over)\b/i.test(plain)
  if (simple && shape?.isCount) return counted(plain, key)
  if (simple && !shape?.hasAggregate) return listed(plain, key, shape?.selectsStar ?? false)
  return lateral(text, key, knowledge.typeOf(table, key.column) ?? 'bigint')
}

/** The list of values for a statement: the key where it belongs, `value2` for what stays as it is. */
export function valuesText(sql: string, parameter: number, key: string): string {
  const last = Math.max(parameter, ...[...sql.matchAll(/\$(\d+)/g)].map(match => Number(match[1])))
  return `[${Array.from({ length: last }, (_, at) => (at + 1 === parameter ? key : `value${at + 1}`)).join(', ')}]`
}

interface Equality {
  readonly whole: string
  readonly reference: string
  readonly column: string
  readonly parameter: number
}

function varyingEquality(text: string, statement: Statement): Equality | undefined {
  const found = [...text.matchAll(/((?:"?[\w$]+"?\.)*"?[\w$]+"?)\s*=\s*\$(\d+)(?!\d|::)/g)].map(match => ({
    whole: match[0],
    reference: match[1] ?? '',
    column: (match[1] ?? '').split('.').at(-1)!.replaceAll('"', ''),
    parameter: Number(match[2]),
  }))
  const varies = (at: number) => new Set(statement.parameters.map(sample => sample.values[at - 1])).size
  return found.toSorted((a, b) => varies(b.parameter) - varies(a.parameter))[0]
}

function listed(text: string, key: Equality, selectsStar: boolean): ManyKeys {
  const any = text.replace(key.whole, `${key.reference} = ANY($${key.parameter})`)
  const list = /^select (.*?) from /i.exec(text)?.[1] ?? ''
  const hasKey = selectsStar || new RegExp(`(^|[\\s,.])"?${key.column}"?(,|$)`, 'i').test(list)
  const sql = hasKey ? any : any.replace(/^select /i, `SELECT ${key.reference}, `)
  return { sql, keyColumn: key.column, parameter: key.parameter }
}

function counted(text: string, key: Equality): ManyKeys {
  const any = text.replace(key.whole, `${key.reference} = ANY($${key.parameter})`)
  const sql = `${any.replace(/^select /i, `SELECT ${key.reference}, `)} GROUP BY ${key.reference}`
  return { sql, keyColumn: key.column, parameter: key.parameter }
}

/** Works for any SELECT, also with LIMIT or aggregates: the statement runs once per key, inside the database. */
function lateral(text: string, key: Equality, type: string): ManyKeys {
  const inner = text.replace(key.whole, `${key.reference} = keys.key`)
  return {
    sql: `SELECT keys.key, found.* FROM unnest($${key.parameter}::${type}[]) AS keys(key) CROSS JOIN LATERAL (${inner}) AS found`,
    keyColumn: 'key',
    parameter: key.parameter,
  }
}
