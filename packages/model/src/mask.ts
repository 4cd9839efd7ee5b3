/** Takes passwords, tokens and keys out of any text before it is printed or written: URLs, headers, JSON, environment, SQL. */

const mask = '***'

/** Names whose value is a secret, also as a part: `db_password`, `x-api-key`, `refreshToken`. */
const secretName = String.raw`(?<![\w-])[\w-]{0,30}?(?:passw(?:or)?d|pwd|passphrase|secret|token|api[_-]?key|apikey|access[_-]?key|private[_-]?key|master[_-]?key|credential|session[_-]?id|signature)(?:[\w-]{0,20})(?![\w-])`

const rules: readonly (readonly [pattern: RegExp, replacement: string])[] = [
  // scheme://user:password@host; the password may hold anything but white space, the last @ ends it.
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/?#@"']{0,200}):[^\s/?#"']{0,500}@/gi, `$1:${mask}@`],
  [/\b([a-z][a-z0-9+.-]{0,30}:\/\/[^\s:/?#@"']{0,200}):[^\s"']{0,500}@(?=[\w.[\]-]+[:/?])/gi, `$1:${mask}@`],
  // One header a line, or a value in a JSON object of headers.
  [/^([ \t>]*(?:proxy-)?(?:authorization|cookie|set-cookie)\s*:\s*).+$/gim, `$1${mask}`],
  [
    /((["'])(?:proxy-)?(?:authorization|cookie|set-cookie)\2\s*:\s*)(["'])(?:\\.|(?!\3)[^\\]){0,5000}\3/gi,
    `$1$3${mask}$3`,
  ],
  // "password": "…" and 'password' => '…'
  [
    new RegExp(String.raw`((["'])${secretName}\2\s*(?::|=>?)\s*)(["'])(?:\\.|(?!\3)[^\\]){0,5000}\3`, 'gi'),
    `$1$3${mask}$3`,
  ],
  // password=…, ?token=…&, --password …, x-api-key: …
  [new RegExp(String.raw`(${secretName}\s*=\s*)(?:"[^"]*"|'[^']*'|[^\s&;,"'#)}]+)`, 'gi'), `$1${mask}`],
  [new RegExp(String.raw`((?=--)${secretName}\s+)(?:"[^"]*"|'[^']*'|[^\s"']+)`, 'gi'), `$1${mask}`],
  [new RegExp(String.raw`^([ \t>]*${secretName}\s*:\s*)(?!["'{[])\S.*$`, 'gim'), `$1${mask}`],
  [/\b(bearer|basic)\s+[\w.~+/=-]{8,}/gi, `$1 ${mask}`],
  // Forms that are secrets wherever they stand: JWT, AWS, GitHub, Slack, Stripe, npm.
  [/\beyJ[\w-]{8,2000}\.[\w-]{8,}\.[\w-]*/g, mask],
  [/\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g, mask],
  [/\b(?:gh[pousr]_\w{20,}|github_pat_\w{20,}|xox[abprs]-[\w-]{10,}|[sr]k_(?:live|test)_\w{10,}|npm_\w{30,})/g, mask],
]

/** Idempotent; text without secrets comes back as it is. Every repetition is bounded, so that hostile text costs linear time. */
export function maskSecrets(text: string): string {
  return rules.reduce((masked, [pattern, replacement]) => masked.replace(pattern, replacement), text)
}
