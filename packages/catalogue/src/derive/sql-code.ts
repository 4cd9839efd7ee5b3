/** SQL offered for pasting: the whole statement or none, because one with a gap in it runs nowhere. */
import type { FindingRemedy } from '@whetstone/model'

/** Longer statements are easier found at their call site than read in a remedy. */
const LONGEST_CODE = 4_000

type Code = NonNullable<FindingRemedy['code']>

/** To be spread into a remedy: nothing where there is no text to offer, or where either text is too long to read. */
export function codeOf(
  language: Code['language'],
  before: string | undefined,
  after: string | undefined,
): { code?: Code } {
  if (after === undefined || Math.max(before?.length ?? 0, after.length) > LONGEST_CODE) return {}
  return { code: { language, ...(before === undefined ? {} : { before }), after } }
}

/** The statement in one line, without its `;`. */
export function oneLine(sql: string): string {
  return sql
    .replace(/\s+/g, ' ')
    .replace(/ ?;? ?$/, '')
    .trim()
}

/**
 * The line with everything in brackets and quotes replaced by `_`: positions stay, and a word that is found in it belongs
 * to the statement itself instead of a subquery, a function or a name.
 */
export function outermost(line: string): string {
  let depth = 0
  let isQuoted = false
  return Array.from({ length: line.length }, (_, at) => {
    const character = line[at]!
    if (character === '"') isQuoted = !isQuoted
    else if (!isQuoted && character === '(') depth++
    const isInside = depth > 0 || isQuoted || character === '"'
    if (!isQuoted && character === ')') depth--
    return isInside ? '_' : character
  }).join('')
}

/** The parts of a list, cut at the commas of the outermost level. */
export function listItems(list: string): readonly string[] {
  const flat = outermost(list)
  const items: string[] = []
  let start = 0
  for (let at = 0; at <= flat.length; at++) {
    if (at < flat.length && flat[at] !== ',') continue
    items.push(list.slice(start, at).trim())
    start = at + 1
  }
  return items
}

export const hasPlaceholders = (sql: string): boolean => /\$\d/.test(sql)

/** PostgreSQL wants `$1` to `$n` without a gap; tokens are given their numbers in order of appearance. */
export function renumbered(sql: string): {
  readonly sql: string
  readonly numberOf: (token: string) => number | undefined
} {
  const numbers = new Map<string, number>()
  const text = sql.replace(/\$(\d+|key\d+)/g, (_, token: string) => {
    const number = numbers.get(token) ?? numbers.size + 1
    numbers.set(token, number)
    return `$${number}`
  })
  return { sql: text, numberOf: token => numbers.get(token) }
}
