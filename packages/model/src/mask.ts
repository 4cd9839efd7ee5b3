/** Takes passwords, tokens and keys out of any text before it is printed or written: URLs, headers, JSON, environment, SQL. */
import { isOperand, isPlaceholder, readSqlText, type SqlText } from './sql-operand.ts'

const mask = '***'

/** Names whose value is a secret, also as a part: `db_password`, `x-api-key`, `refreshToken`. */
const secretName = String.raw`(?<![\w-])[\w-]{0,30}?(?:passw(?:or)?d|pwd|passphrase|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|master[_-]?key|credential|session[_-]?id|signature)(?:[\w-]{0,20})(?![\w-])`

type Rule = readonly [pattern: RegExp, replacement: string]

const structures: readonly Rule[] = [
  // scheme://user:password@host; the password may hold anything but white space, the last @ ends it.
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/?#@"']{0,200}):[^\s/?#"']{0,500}@/gi, `$1:${mask}@`],
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/?#@"']{0,200}):[^\s"']{0,500}@(?=[\w.[\]-]+[:/?])/gi, `$1:${mask}@`],
  // One header a line, or a value in a JSON object of headers.
  [/^([ \t>]*(?:proxy-)?(?:authorization|cookie|set-cookie)\s*:(?!:)\s*).+$/gim, `$1${mask}`],
  [
    /((["'])(?:proxy-)?(?:authorization|cookie|set-cookie)\2\s*:\s*)(["'])(?:\\[^]|(?!\3)[^\\])*(?:\3|\\?$)/gi,
    `$1$3${mask}$3`,
  ],
  // "password": "…", also where the text was cut in the middle of it.
  [
    new RegExp(String.raw`((["'])${secretName}\2\s*:\s*)(["'])(?:\\[^]|(?!\3)[^\\])*(?:\3|\\?$)`, 'gi'),
    `$1$3${mask}$3`,
  ],
  // password = crypt('…', …): here the text inside, the assignment as a whole afterwards.
  [
    new RegExp(String.raw`(${secretName}\s*=\s*(?:[\w.]{1,60}\(\s{0,9}){1,3})'(?:''|[^'])*(?:'|$)`, 'gi'),
    `$1'${mask}'`,
  ],
]

/**
 * password=…, ?token=…&, 'password' => '…': an SQL string with its prefix, a quoted text, or all up to the next delimiter.
 * What has no closing quote goes to the end, so that every quote that begins a match is consumed by it.
 */
const assignments = new RegExp(
  String.raw`((["']?)${secretName}\2\s*(=>|={1,3})\s*)((?:[enbx]|u&)?'(?:\\[^]|''|[^'\\])*(?:'|\\?$)|"(?:\\[^]|""|[^"\\])*(?:"|\\?$)|[^\s&;,"'#)}]+)`,
  'gi',
)

const forms: readonly Rule[] = [
  // --password …, x-api-key: …
  [new RegExp(String.raw`((?=--)${secretName}\s+)(?:"[^"]*"|'[^']*'|[^\s"']+)`, 'gi'), `$1${mask}`],
  [new RegExp(String.raw`^([ \t>]*${secretName}\s*:(?!:)\s*)(?!["'{[])\S.*$`, 'gim'), `$1${mask}`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${mask}`],
  // Forms that are secrets wherever they stand: JWT, AWS, GitHub, Slack, Stripe, npm.
  [/\beyJ[\w-]{8,2000}\.[\w-]{8,}\.[\w-]*/g, mask],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, mask],
  [/\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[abprs]-[\w-]{10,}|[sr]k_(?:live|test)_\w{10,}|npm_\w{30,})/g, mask],
]

/** Idempotent; text without secrets comes back as it is. Every repetition is bounded or consumes what it reads, so that hostile text costs linear time. */
export function maskSecrets(text: string): string {
  return applied(forms, maskAssignments(applied(structures, text)))
}

function applied(rules: readonly Rule[], text: string): string {
  return rules.reduce((masked, [pattern, replacement]) => masked.replace(pattern, replacement), text)
}

function maskAssignments(text: string): string {
  let sql: SqlText | undefined
  return text.replace(
    assignments,
    (all: string, before: string, quote: string, sign: string, value: string, nameAt: number) => {
      const inQuotes = /^(?:[enbx]|u&)?["']/i.test(value)
      // `"token" = $1` is a column, `token => verify(token)` a function.
      if (!inQuotes && (quote !== '' || sign === '=>')) return all
      const found = { text, nameAt, valueAt: nameAt + before.length, value, quoted: quote !== '' }
      if (isPlaceholder(value) || isOperand(found, (sql ??= readSqlText(text)))) return all
      const closing = quote === '' ? '' : /["']/.exec(value)?.[0]
      return before + closing + mask + closing
    },
  )
}
