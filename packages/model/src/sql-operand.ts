/** Tells what SQL compares a column with from a secret: `token = $1` and `a.token_id = b.token_id` must be readable, and copyable, as they are. */

/** What stands between `name` and its value, as the masking found it. */
export interface Assignment {
  readonly text: string
  /** Where the name begins, its opening quote included. */
  readonly nameAt: number
  /** Where the value begins. */
  readonly valueAt: number
  /** Up to the next delimiter. */
  readonly value: string
  /** The name stands in quotes. */
  readonly quoted: boolean
}

/** How far around an assignment is looked: names of PostgreSQL have at most 63 bytes. */
const nearby = 300

/** Where an operand may stand: behind a key word, a comma or a bracket, with its table in front. */
const operandPlace =
  /(?:\b(?:where|and|or|on|not|having|when|then|else|set|select|by|case|distinct|returning)\b|[(,])[\s(]*(?:(?:"[^"]{1,63}"|[\w$]{1,63})\.){0,3}$/i
/** A column with its table; the table is captured. */
const columnOfTable =
  /^\(*(?:(?:"[^"]{1,63}"|[a-z_][\w$]{0,62})\.){0,2}(?:"([^"]{1,63})"|([a-z_][\w$]{0,62}))\.(?:"[^"]{1,63}"|[a-z_][\w$]*)(?=::[a-z]|[\s,;)|\]`…]|\.?(?:\s|$))/i
/** A column, a call, a key word, a named placeholder, or only the bracket before one. */
const operand = /^\(*(?:[a-z_][\w$]*(?:\[\$\d.*|(?:\.[\w$]+)?\(.*|::[\w.[\]]+)?|:[a-z_]\w*(?:::[\w.[\]]+)?)?$/i

/** `$1`, `($1::text`, `any($1`, `?` and the `${name}` of a template: no secret, wherever they stand. */
export function isPlaceholder(value: string): boolean {
  return /^(?:[a-z_]{1,30}\()?\(*(?:\$\d{1,5}|\?|\$\{[\w.]{1,60})(?:::[a-z_.]{1,60}\d?(?:\[\])?)?[.:…`\]]{0,3}$/i.test(
    value,
  )
}

/** In doubt it is none: a secret that is shown cannot be taken back, a column that is masked can be looked up. */
export function isOperand({ text, nameAt, valueAt, value, quoted }: Assignment, sql: SqlText): boolean {
  if (nameAt < sql.from || !operandPlace.test(text.slice(Math.max(0, nameAt - nearby), nameAt))) return false
  const spaced = /\s=\s+$/.test(text.slice(Math.max(0, valueAt - nearby), valueAt))
  // `password=…` with nothing in front and no space around is how settings are written, not statements.
  if (!spaced && text[nameAt - 1] !== '.') return false
  const qualified = columnOfTable.exec(text.slice(valueAt, valueAt + nearby))
  const table = qualified?.[1] ?? qualified?.[2]
  // The table must stand in the statement by itself: `ab.cd` is a secret where there is no table `ab`.
  if (table !== undefined && sql.words.has(table.toLowerCase())) return true
  if (!spaced || !sql.hasPlaceholders) return false
  return value.startsWith('"') ? quoted : operand.test(value)
}

export interface SqlText {
  /** Where the first statement begins; infinite where there is none. */
  readonly from: number
  /** Tables, aliases and all else that stands alone, in lower case. */
  readonly words: ReadonlySet<string>
  /** A line begins a statement and there are placeholders: nobody filled values in, so that bare words are columns. */
  readonly hasPlaceholders: boolean
}

/** Linear in the length of the text. */
export function readSqlText(text: string): SqlText {
  const from = Math.min(changeAt(text), queryAt(text))
  if (from === Infinity) return { from, words: new Set(), hasPlaceholders: false }
  // Alone, or a table with its schema: a part of `ab.cd` elsewhere declares nothing.
  const words = text.matchAll(
    /\b(?:from|join|into|update|using)\s+"?[\w$]{1,63}"?\."?([\w$]+)|(?<![\w$.]|\.")([a-z_][\w$]*)(?![\w$]|"?\.)/gi,
  )
  const declared = [...words].map(([, table, alone]) => (table ?? alone ?? '').toLowerCase())
  return {
    from,
    // PostgreSQL's own names of rows need not be declared.
    words: new Set([...declared, 'excluded', 'old', 'new']),
    hasPlaceholders:
      /^[ \t]*(?:select|with|insert|update|delete|merge|explain)\s/im.test(text) && /\$\d|\s\?(?:[\s,)]|$)/.test(text),
  }
}

function changeAt(text: string): number {
  const change =
    /\b(?:insert\s+into|delete\s+from|merge\s+into|create\s+(?:unique\s+)?index|update\s+(?:only\s+)?["\w.$]{1,200}(?:\s+(?:as\s+)?["\w$]{1,65})?\s+set)\s/i
  return change.exec(text)?.index ?? Infinity
}

function queryAt(text: string): number {
  const at = /\bselect\b/i.exec(text)?.index
  return at !== undefined && /\b(?:from|where)\b/i.test(text.slice(at)) ? at : Infinity
}
