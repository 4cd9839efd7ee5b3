/** SQL without the values in it: what a statement does may leave the machine, what it was asked about may not. */

/** In the order they are tried: comments, strings with and without backslashes, dollar quotes, quoted names, placeholders, numbers. */
const tokens =
  /\/\*[^]*?(?:\*\/|$)|--[^\n]*|e'(?:\\[^]|''|[^'\\])*'|(?:[nbx]|u&)?'(?:''|[^'])*'|(\$\w*\$)[^]*?\1|"((?:""|[^"])*)"|\$\d+|(?<![\w$])\d[\w.]*/gi
/** Where a string ends is then a matter of a setting. */
const ambiguous = /(?<!\w)'[^']*\\'/
/** Outside of strings: an address, a path, a URL, a string without an end. */
const foreign = /[\w?]@\w|^\s*\/|\/\/|\\|'|\$\w*\$/

/** Strings and numbers become `?`, comments go, `$1` and names stay. What could be read in two ways, or is no SQL, becomes `?` as a whole. */
export function withoutLiterals(sql: string): string {
  if (ambiguous.test(sql)) return '?'
  const bare = sql.replace(tokens, (token: string, _dollar: string | undefined, name: string | undefined) => {
    if (token.startsWith('/*') || token.startsWith('--')) return ' '
    if (name !== undefined) return /^[A-Za-z_][\w$]*$/.test(name) ? token : '"?"'
    return /^\$\d+$/.test(token) ? token : '?'
  })
  return foreign.test(bare) ? '?' : bare.trim()
}
