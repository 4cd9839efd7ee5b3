/** Tells the statements that may run on a replica from those that may not, and says "not" whenever it is not sure. */
import { harmlessCalls } from './harmless-calls.ts'

/** Asked for every statement, and a program has few: the answers of so many texts are kept. */
const remembered = new Map<string, boolean>()
const memory = 1000
/** Longer ones are built, differ each time, and are not worth looking at. */
const longestText = 20_000

/**
 * True for one SELECT that locks nothing, writes nothing and calls only functions of PostgreSQL's own that depend on nothing but their
 * arguments, the tables, and the statement's time.
 */
export function isPlainRead(text: string): boolean {
  const known = remembered.get(text)
  if (known !== undefined) return known
  const plain = text.length <= longestText && judge(words(text))
  if (remembered.size >= memory) remembered.delete(remembered.keys().next().value!)
  remembered.set(text, plain)
  return plain
}

/** A quoted name keeps its quotes, a literal is `'`, a number `0`. */
function words(text: string): readonly string[] {
  const found: string[] = []
  let at = 0
  while (at < text.length) {
    if (text.startsWith('/*', at)) {
      at = afterComment(text, at)
      continue
    }
    token.lastIndex = at
    const match = token.exec(text)
    // A quote that never ends, a character of no token: not to be judged.
    if (match === null) return []
    const word = match[0]
    at += word.length
    if (match.groups!['skip'] !== undefined) continue
    if (match.groups!['literal'] !== undefined) found.push("'")
    else found.push(word.startsWith('"') ? word : word.toLowerCase())
  }
  return found
}

const token = new RegExp(
  [
    String.raw`(?<skip>\s+|--[^\n]*)`,
    // Before names, or the e of e'…' would be one; in it alone a backslash escapes.
    String.raw`(?<literal>e'(?:[^'\\]|\\[^]|'')*'|(?:[bxn]|u&)?'(?:[^']|'')*'|\$(?<tag>[a-z_]\w*)?\$[^]*?\$\k<tag>\$)`,
    String.raw`"(?:[^"]|"")+"`,
    String.raw`[\p{L}_][\p{L}\p{N}_$]*`,
    String.raw`\$\d+|\d+(?:\.\d*)?(?:e[+-]?\d+)?|\.\d+`,
    String.raw`::|[-+*/<>=~!@#%^&|?:]|[(),.;[\]]`,
  ].join('|'),
  'iuy',
)

/** Comments nest in PostgreSQL. */
function afterComment(text: string, start: number): number {
  let depth = 0
  for (let at = start; at < text.length;) {
    const two = text.slice(at, at + 2)
    if (two === '/*') depth++
    if (two === '*/') depth--
    at += two === '/*' || two === '*/' ? 2 : 1
    if (depth === 0) return at
  }
  return text.length
}

/** FOR locks rows; INTO makes a table; the others write within WITH. Columns of such names are judged wrongly, to the safe side. */
const forbidden: ReadonlySet<string> = new Set(['into', 'insert', 'update', 'delete', 'merge'])
const lockWords: ReadonlySet<string> = new Set(['update', 'share', 'no', 'key'])

function judge(all: readonly string[]): boolean {
  const tokens = all.at(-1) === ';' ? all.slice(0, -1) : all
  if (tokens[0] !== 'select' && tokens[0] !== 'with') return false
  return tokens.every((word, at) => {
    if (word === ';' || forbidden.has(word)) return false
    if (word === 'for' && lockWords.has(tokens[at + 1] ?? '')) return false
    return tokens[at + 1] !== '(' || mayCall(tokens, at)
  })
}

/** What stands before a parenthesis: a sign or a word of the language, or the name of a function. */
function mayCall(tokens: readonly string[], at: number): boolean {
  const word = tokens[at]!
  // `WITH name (…)` and `AS name (…)` name columns; they are rare enough to be left to the primary.
  if (!/^[\p{L}_"]/u.test(word)) return word !== ']'
  if (tokens[at - 1] === '.') return tokens[at - 2] === 'pg_catalog' && harmlessCalls.has(word)
  return harmlessCalls.has(word)
}
