/** Rewrites a page by OFFSET into a page behind a key, so that the remedy can be copied instead of described. */
import type { OrderColumn, Statement } from '@whetstone/model'
import { listItems, oneLine, outermost, renumbered } from './sql-code.ts'

export interface KeysetStatement {
  readonly sql: string
  /** Which `$n` takes which column of the last row of the page before. */
  readonly keys: readonly { readonly parameter: number; readonly column: string }[]
}

const notPlain = /\b(with|union|intersect|except|distinct|group by|having|window|over|fetch|for|nulls)\b/i
const size = String.raw`(?:\$\d+(?:::\w+)?|\d+|all)`
const offset = String.raw` offset (?:\$\d+(?:::\w+)?|\d+)(?: rows?)?`
const pageAtEnd = new RegExp(`^(.*?)(?:( limit ${size})${offset}|${offset}( limit ${size}))$`, 'i')
const path = String.raw`(?:[\w$]+|"[^"]+")`
const sortItem = new RegExp(String.raw`^(${path}(?:\.${path})*)(?: (?:asc|desc))?$`, 'i')

/** Only where the text is plain enough to be sure that the new one runs and, for a unique sort key, means the same. */
export function keysetStatement({ text, shape }: Statement): KeysetStatement | undefined {
  const line = oneLine(text)
  const flat = outermost(line)
  const [head, tail, ...more] = split(flat, ' order by ')
  if (!/^select /i.test(flat) || notPlain.test(flat) || !head || !tail || more.length > 0) return undefined
  const page = pageAtEnd.exec(line.slice(tail.start))
  const names = page && sortNames(page[1]!, shape?.orderBy ?? [], (shape?.tables.length ?? 1) > 1)
  if (!page || !names) return undefined
  const key = `${row(names)} ${shape?.orderBy[0]?.descending ? '<' : '>'} ${row(names.map((_, at) => `$key${at}`))}`
  const behind = withCondition(line.slice(0, head.end), key)
  const limit = page[2] ?? page[3] ?? ''
  const { sql, numberOf } = renumbered(`${behind} ORDER BY ${page[1]!}${limit.replace(/^ limit/i, ' LIMIT')}`)
  return {
    sql,
    keys: (shape?.orderBy ?? []).map(({ column }, at) => ({ parameter: numberOf(`key${at}`)!, column })),
  }
}

/** The sort key as the statement writes it; undefined where it is anything but columns in one direction. */
function sortNames(list: string, order: readonly OrderColumn[], isJoined: boolean): readonly string[] | undefined {
  const items = listItems(list)
  if (items.length !== order.length || new Set(order.map(({ descending }) => descending)).size !== 1) return undefined
  const names = items.map((item, at) => {
    const name = sortItem.exec(item)?.[1]
    const parts = name?.split('.').map(part => part.replaceAll('"', '')) ?? []
    // An alias of the answer is no name a condition may use, and in a join a bare one may be two columns.
    const isColumn = parts.at(-1)?.toLowerCase() === order[at]!.column.toLowerCase()
    return name !== undefined && isColumn && !(isJoined && parts.length === 1) ? [name] : []
  })
  return names.every(name => name.length === 1) ? names.flat() : undefined
}

const row = (members: readonly string[]) => (members.length === 1 ? members[0]! : `(${members.join(', ')})`)

/** Brackets around the old condition where an OR would otherwise take in only half of the new one. */
function withCondition(head: string, key: string): string {
  const flat = outermost(head)
  const at = flat.search(/ where /i)
  if (at < 0) return `${head} WHERE ${key}`
  const condition = head.slice(at + ' where '.length)
  const kept = /\bor\b/i.test(outermost(condition)) ? `(${condition})` : condition
  return `${head.slice(0, at)} WHERE ${kept} AND ${key}`
}

function split(flat: string, word: string): readonly { readonly start: number; readonly end: number }[] {
  const parts: { start: number; end: number }[] = []
  let start = 0
  for (const match of flat.matchAll(new RegExp(word, 'gi'))) {
    parts.push({ start, end: match.index })
    start = match.index + word.length
  }
  return [...parts, { start, end: flat.length }]
}
