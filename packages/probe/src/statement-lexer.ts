/** Cuts SQL into the few kinds of token that telling a statement from its literals needs; comments vanish here. */

export type Token =
  | { readonly kind: 'word'; readonly text: string; readonly spaced: boolean }
  | { readonly kind: 'symbol'; readonly text: string; readonly spaced: boolean }
  | { readonly kind: 'literal'; readonly text: string; readonly spaced: boolean; readonly value: string | number }
  /** `$3` has index 3; a bare `?` has none. */
  | { readonly kind: 'parameter'; readonly text: string; readonly spaced: boolean; readonly index?: number }

const space = /\s+/y
const lineComment = /--[^\n]*/y
const word = /[A-Za-z_\u0080-\uffff][\w$\u0080-\uffff]*/y
const number = /(?:0[xX][\da-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+|(?:\d[\d_]*(?:\.[\d_]*)?|\.\d[\d_]*)(?:[eE][+-]?\d+)?)/y
const parameter = /\$\d+/y
const dollarTag = /\$(?:[A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)?\$/y
const plainString = /'(?:[^']|'')*'?/y
const escapeString = /'(?:[^'\\]|\\[^]|'')*'?/y
const quotedIdentifier = /"(?:[^"]|"")*"?|`[^`]*`?/y
/** Operators of several characters stay one token so that `->>` is not taken for a minus. */
const operator = /(?:::|[+\-*/<>=~!@#%^&|?]+)/y
const stringPrefix = /^(?:e|b|x|n)$/i

export function tokensOf(sql: string): Token[] {
  const tokens: Token[] = []
  let at = 0
  let spaced = false

  const match = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(sql)?.[0]
    if (found) at += found.length
    return found || undefined
  }
  const push = (token: Token): void => {
    tokens.push(token)
    spaced = false
  }

  while (at < sql.length) {
    const character = sql[at]!
    if (match(space) || (character === '-' && match(lineComment))) {
      spaced = true
    } else if (character === '/' && sql[at + 1] === '*') {
      at = endOfBlockComment(sql, at)
      spaced = true
    } else if (character === "'") {
      push(stringLiteral(match(plainString)!, spaced))
    } else if (character === '"' || character === '`') {
      push({ kind: 'word', text: match(quotedIdentifier)!, spaced })
    } else if (character === '$') {
      push(match(parameter) ? parameterAt(sql, at, spaced) : dollarQuoted())
    } else if (/\d/.test(character) || (character === '.' && /\d/.test(sql[at + 1] ?? ''))) {
      push(numberLiteral(match(number)!, spaced))
    } else {
      const name = match(word)
      if (name !== undefined) push(afterWord(name))
      else push({ kind: 'symbol', text: operatorText() ?? sql[at++]!, spaced })
    }
  }
  return tokens

  /** `E'…'`, `B'…'`, `X'…'` are one literal, everything else a word. */
  function afterWord(name: string): Token {
    if (sql[at] !== "'" || !stringPrefix.test(name)) return { kind: 'word', text: name, spaced }
    return stringLiteral(match(/^e$/i.test(name) ? escapeString : plainString)!, spaced)
  }

  function dollarQuoted(): Token {
    const tag = match(dollarTag)
    if (tag === undefined) return { kind: 'symbol', text: sql[at++]!, spaced }
    const close = sql.indexOf(tag, at)
    const value = sql.slice(at, close < 0 ? sql.length : close)
    at = close < 0 ? sql.length : close + tag.length
    return { kind: 'literal', text: value, value, spaced }
  }

  /** A comment may begin right behind an operator, and a sign belongs to what follows it (`=-1`). */
  function operatorText(): string | undefined {
    const found = match(operator)
    if (found === undefined || found.length === 1) return found
    const comment = found.search(/--|\/\*/)
    let text = comment > 0 ? found.slice(0, comment) : found
    if (/^[<>=*/%]+-$/.test(text)) text = text.slice(0, -1)
    at -= found.length - text.length
    return text
  }
}

function parameterAt(sql: string, end: number, spaced: boolean): Token {
  const text = sql.slice(sql.lastIndexOf('$', end - 1), end)
  return { kind: 'parameter', text, spaced, index: Number(text.slice(1)) }
}

function stringLiteral(text: string, spaced: boolean): Token {
  return {
    kind: 'literal',
    text,
    spaced,
    value: text.slice(1, text.endsWith("'") ? -1 : undefined).replaceAll("''", "'"),
  }
}

function numberLiteral(text: string, spaced: boolean): Token {
  const value = Number(text.replaceAll('_', ''))
  return { kind: 'literal', text, spaced, value: Number.isSafeInteger(value) || text.includes('.') ? value : text }
}

/** PostgreSQL nests block comments. */
function endOfBlockComment(sql: string, start: number): number {
  let depth = 0
  for (let at = start; at < sql.length; at++) {
    if (sql[at] === '/' && sql[at + 1] === '*') {
      depth++
      at++
    } else if (sql[at] === '*' && sql[at + 1] === '/') {
      at++
      if (--depth === 0) return at + 1
    }
  }
  return sql.length
}
