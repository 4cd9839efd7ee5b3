/** One text and one id for a statement whatever its literals, so that what the driver sends, what pg_stat_statements keeps and what OTLP carries can be joined. */
import { createHash } from 'node:crypto'
import { tokensOf } from './statement-lexer.ts'
import type { Token } from './statement-lexer.ts'

/** Longer texts are cut: nobody reads them, and a bulk INSERT of megabytes must not stop the service. */
const longestText = 100_000

/** Where the value of a `$n` of the normalised text comes from: a parameter of the statement as it was sent (from 1), or a literal in it. */
export type Placeholder =
  | { readonly kind: 'parameter'; readonly index: number }
  | { readonly kind: 'literal'; readonly value: string | number | boolean | null }

export interface NormalisedStatement {
  readonly text: string
  /** One for each `$n` of `text`, in order. */
  readonly placeholders: readonly Placeholder[]
}

/**
 * Literals become `$n`, numbered with the parameters in order of appearance; IN-lists and arrays keep their first member,
 * VALUES its first two rows; comments, doubled white space and a trailing `;` go. Normalising twice changes nothing.
 */
export function normaliseStatement(text: string): string {
  return readStatement(text).text
}

/** Short hash of a text that `normaliseStatement` returned. */
export function statementId(normalised: string): string {
  return createHash('sha256').update(normalised).digest('hex').slice(0, 12)
}

export function readStatement(text: string): NormalisedStatement {
  const tokens = placeLiterals(tokensOf(text.slice(0, longestText)))
  while (tokens.at(-1)?.text === ';') tokens.pop()
  return print(collapseRows(collapseLists(tokens)))
}

/** A token that will be printed as `$n`. */
interface Place {
  readonly kind: 'place'
  readonly text: '$'
  readonly spaced: boolean
  readonly from: Placeholder
}
type Piece = Exclude<Token, { kind: 'literal' | 'parameter' }> | Place

const dataStatement = /^(?:select|insert|update|delete|with|values|merge)$/i
const constantWord = /^(?:true|false|null)$/i
/** Behind these words a `?`, a minus or a constant begins an operand; behind other words a `?` is the jsonb operator. */
const beforeOperand =
  /^(?:and|or|not|in|like|ilike|between|limit|offset|values|where|on|when|then|else|select|returning|set|having|by|any|all|interval|date|timestamp|fetch|first|next)$/i

function placeLiterals(tokens: readonly Token[]): Piece[] {
  const pieces: Piece[] = []
  const isData = dataStatement.test(tokens.find(token => token.text !== '(')?.text ?? '')
  let sortsByPosition = false
  let unnumbered = 0
  for (const [index, token] of tokens.entries()) {
    const before = pieces.at(-1)
    const { spaced } = token
    const place = (from: Placeholder): void => void pieces.push({ kind: 'place', text: '$', spaced, from })
    if (token.kind === 'parameter') {
      place({ kind: 'parameter', index: token.index ?? ++unnumbered })
    } else if (token.kind === 'literal') {
      const position = sortsByPosition && typeof token.value === 'number' && /^(?:by|,)$/i.test(before?.text ?? '')
      if (position) pieces.push({ kind: 'word', text: token.text, spaced })
      else if (before?.text === '-' && typeof token.value === 'number' && beginsOperand(pieces.at(-2))) {
        pieces.pop()
        pieces.push({ kind: 'place', text: '$', spaced: before.spaced, from: { kind: 'literal', value: -token.value } })
      } else place({ kind: 'literal', value: token.value })
    } else if (token.text === '?' && beginsOperand(before) && tokens[index + 1]?.text !== '?') {
      place({ kind: 'parameter', index: ++unnumbered })
    } else if (isData && constantWord.test(token.text) && !/^(?:is|not|\.)$/i.test(before?.text ?? '')) {
      place({ kind: 'literal', value: constantOf(token.text) })
    } else {
      if (token.kind === 'word' && token.text.toLowerCase() === 'by') sortsByPosition = true
      else if (token.kind === 'word' && !/^(?:asc|desc|nulls|first|last)$/i.test(token.text))
        sortsByPosition &&= before?.text === ',' || /^(?:by|\.)$/i.test(before?.text ?? '')
      else if (token.text === ')') sortsByPosition = false
      pieces.push(token)
    }
  }
  return pieces
}

function constantOf(word: string): boolean | null {
  const lower = word.toLowerCase()
  return lower === 'null' ? null : lower === 'true'
}

function beginsOperand(before: Piece | undefined): boolean {
  if (before === undefined) return true
  if (before.kind === 'place') return false
  if (before.kind === 'word') return beforeOperand.test(before.text)
  return before.text !== ')' && before.text !== ']'
}

/** `IN ($, $, $)` and `ARRAY[$, $]` keep one member: their length is data, not text. */
function collapseLists(pieces: readonly Piece[]): Piece[] {
  const kept: Piece[] = []
  for (let at = 0; at < pieces.length; at++) {
    const piece = pieces[at]!
    kept.push(piece)
    const opener = kept.at(-2)?.text.toLowerCase()
    const isList = (piece.text === '(' && opener === 'in') || (piece.text === '[' && opener === 'array')
    if (!isList) continue
    const end = endOfList(pieces, at + 1)
    if (end === undefined) continue
    // The first member with its cast, if it has one.
    for (at++; pieces[at]!.text !== ',' && at < end; at++) kept.push(pieces[at]!)
    at = end - 1
  }
  return kept
}

/** Index of the closing bracket of a list of places (each with an optional cast), if that is all it holds. */
function endOfList(pieces: readonly Piece[], start: number): number | undefined {
  for (let at = start; at < pieces.length;) {
    if (pieces[at]?.kind !== 'place') return undefined
    at++
    while (pieces[at]?.text === '::' && pieces[at + 1]?.kind === 'word') at += 2
    const text = pieces[at]?.text
    if (text === ')' || text === ']') return at
    if (text !== ',') return undefined
    at++
  }
  return undefined
}

/** Of rows that look alike behind VALUES the first two stay: two still say "several". */
function collapseRows(pieces: readonly Piece[]): Piece[] {
  const kept: Piece[] = []
  for (let at = 0; at < pieces.length; at++) {
    kept.push(pieces[at]!)
    if (pieces[at]!.kind !== 'word' || pieces[at]!.text.toLowerCase() !== 'values') continue
    const first = rowAt(pieces, at + 1)
    if (!first) continue
    let rows = 1
    let end = first.end
    for (;;) {
      const next = pieces[end + 1]?.text === ',' ? rowAt(pieces, end + 2) : undefined
      if (next?.shape !== first.shape) break
      rows++
      if (rows === 2) kept.push(...pieces.slice(at + 1, next.end + 1))
      end = next.end
    }
    if (rows === 1) kept.push(...pieces.slice(at + 1, end + 1))
    at = end
  }
  return kept
}

function rowAt(pieces: readonly Piece[], start: number): { readonly end: number; readonly shape: string } | undefined {
  if (pieces[start]?.text !== '(') return undefined
  let depth = 0
  let shape = ''
  for (let at = start; at < pieces.length; at++) {
    const { text } = pieces[at]!
    shape += ` ${text}`
    if (text === '(') depth++
    else if (text === ')' && --depth === 0) return { end: at, shape }
  }
  return undefined
}

function print(pieces: readonly Piece[]): NormalisedStatement {
  const placeholders: Placeholder[] = []
  const numberOfParameter = new Map<number, number>()
  let text = ''
  let before = ''
  for (const piece of pieces) {
    const tight = text === '' || before === '(' || before === '[' || /^[),;\]]$/.test(piece.text)
    if (!tight && (piece.spaced || before === ',')) text += ' '
    text += piece.kind === 'place' ? `$${numberOf(piece.from)}` : piece.text
    before = piece.text
  }
  return { text, placeholders }

  function numberOf(from: Placeholder): number {
    const known = from.kind === 'parameter' ? numberOfParameter.get(from.index) : undefined
    if (known !== undefined) return known
    const number = placeholders.push(from)
    if (from.kind === 'parameter') numberOfParameter.set(from.index, number)
    return number
  }
}
