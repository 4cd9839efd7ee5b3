/** Every distinct statement once: its text, its id, a few real parameter sets. */
import type { ParameterSample, RequestLiteral } from '@whetstone/model'
import { BoundedMap } from './bounded-map.ts'
import { LiteralUse } from './literal-use.ts'
import { parametersHash } from './parameters-hash.ts'
import { readStatement, statementId } from './statement-text.ts'
import type { Placeholder } from './statement-text.ts'

const statementsKept = 5_000
const rawTextsKept = 5_000
const longestRawText = 20_000
const samplesKept = 8
const longestParameter = 512
const parametersKept = 64
const sitesAtFirst = 20
const siteEvery = 128
/** A loop shows itself at these repeats, and reading its stack in every request would cost more than all else the probe does. */
const telling: ReadonlySet<number> = new Set([3, 10])
const tellingRead = 40

export type TransactionStep = 'begin' | 'end' | undefined
type Values = readonly unknown[] | undefined

export class StatementRecord {
  readonly id: string
  readonly text: string
  readonly rawText: string
  readonly step: TransactionStep
  readonly isRead: boolean
  issuedBy: string | undefined
  isShipped = false
  named: boolean | undefined
  nameErrors = 0
  #literals: LiteralUse | undefined
  calls = 0
  #tellingRead = 0
  slowestMs = -1
  readonly unshipped: ParameterSample[] = []

  constructor(id: string, text: string, rawText: string) {
    this.id = id
    this.text = text
    this.rawText = rawText.slice(0, longestRawText)
    this.step = stepOf(text)
    this.isRead = /^(?:select|with)\b/i.test(text)
  }

  /** Learnt from the first stack that shows it; the record is sent again. */
  nameIssuer(name: string): void {
    this.issuedBy = name
    this.isShipped = false
  }

  /** One call under a name is enough: the text is then meant to be prepared. */
  noteName(isNamed: boolean): void {
    if (this.named === true || this.named === isNamed) return
    this.named = isNamed
    this.isShipped = false
  }

  noteNameError(): void {
    this.nameErrors++
    this.isShipped = false
  }

  noteLiterals(hash: number): void {
    this.#literals ??= new LiteralUse()
    if (this.#literals.add(hash)) this.isShipped = false
  }

  /** Whether the request that sends this text brought its literals along. */
  noteUrl({ literals = [], literalsHash }: SentText, url: string): void {
    if (this.#literals?.compare(literals, literalsHash, url)) this.isShipped = false
  }

  literals(): { literalSets?: number; requestLiterals?: readonly RequestLiteral[] } {
    return this.#literals?.figures() ?? {}
  }

  /**
   * Whether this call is one of those whose stack is worth reading. `repeat` counts from 1 within the request; a request with a trail
   * is one of few, and there to be read.
   */
  wantsSite(repeat: number, hasTrail: boolean): boolean {
    const calls = ++this.calls
    if (calls <= sitesAtFirst || calls % siteEvery === 0 || (hasTrail && repeat === 1)) return true
    return this.#tellingRead < tellingRead && telling.has(repeat) && ++this.#tellingRead > 0
  }

  /** Keeps the slowest, and a thinning choice of the others so that the whole key range is met. */
  sample(placeholders: readonly Placeholder[], values: Values, durationMs: number, rows: number): void {
    if (placeholders.length === 0) return
    const isSlowest = durationMs > this.slowestMs
    if (!isSlowest && this.calls > samplesKept && Math.random() * this.calls >= samplesKept) return
    if (isSlowest) this.slowestMs = durationMs
    if (this.unshipped.length >= samplesKept) this.unshipped.shift()
    this.unshipped.push({
      values: placeholders.slice(0, parametersKept).map(placeholder => valueOf(placeholder, values)),
      kept: isSlowest ? 'slowest' : this.calls <= samplesKept ? 'newest' : 'random',
      durationMs,
      rows,
    })
  }
}

/** One text as it was sent: the same statement comes with other literals, and then its values lie elsewhere. */
export interface SentText {
  readonly statement: StatementRecord
  readonly placeholders: readonly Placeholder[]
  readonly literalsHash: number
  /** Absent without any. */
  readonly literals: readonly Literal[] | undefined
}
type Literal = string | number | boolean | null

const byRawText = new BoundedMap<string, SentText>(rawTextsKept)
const byText = new BoundedMap<string, StatementRecord>(statementsKept)
const overflowText = '(more statements than the probe keeps apart)'
const overflow = new StatementRecord(statementId(overflowText), overflowText, '')

export function statementOf(rawText: string): SentText {
  return byRawText.get(rawText) ?? firstSeen(rawText)
}

/** Sent texts beyond the bound since the last call: literals inside SQL make every text new. */
export function takeOverflowed(): number {
  const count = byRawText.overflowed
  byRawText.overflowed = 0
  return count
}

export function allStatements(): Iterable<StatementRecord> {
  return byText.values()
}

function firstSeen(rawText: string): SentText {
  const { text, placeholders } = readStatement(rawText)
  let statement = byText.get(text)
  if (statement === undefined) {
    statement = new StatementRecord(statementId(text), text, rawText)
    if (!byText.set(text, statement)) statement = overflow
  }
  const literals = literalsOf(placeholders)
  const sent: SentText = {
    statement,
    placeholders: statement === overflow ? [] : placeholders,
    literalsHash: literals === undefined ? 0 : parametersHash(literals),
    literals,
  }
  if (literals !== undefined && statement !== overflow) statement.noteLiterals(sent.literalsHash)
  if (rawText.length <= longestRawText) byRawText.set(rawText, sent)
  return sent
}

function literalsOf(placeholders: readonly Placeholder[]): readonly Literal[] | undefined {
  const literals = placeholders.flatMap(placeholder => (placeholder.kind === 'literal' ? [placeholder.value] : []))
  return literals.length === 0 ? undefined : literals
}

function stepOf(text: string): TransactionStep {
  if (/^(?:begin|start transaction)\b/i.test(text)) return 'begin'
  return /^(?:commit|rollback(?!\s+(?:work\s+|transaction\s+)?to\b)|end|abort)\b/i.test(text) ? 'end' : undefined
}

function valueOf(placeholder: Placeholder, values: Values): string | number | boolean | null {
  return plain(placeholder.kind === 'literal' ? placeholder.value : values?.[placeholder.index - 1])
}

function plain(value: unknown): string | number | boolean | null {
  if (value === null || value === undefined) return null
  if (typeof value === 'number' || typeof value === 'boolean') return value
  if (typeof value === 'string') return value.slice(0, longestParameter)
  if (typeof value === 'bigint') return String(value)
  if (value instanceof Date) return Number.isNaN(value.getTime()) ? null : value.toISOString()
  if (Buffer.isBuffer(value)) return `\\x${value.subarray(0, longestParameter / 2).toString('hex')}`
  if (Array.isArray(value))
    return `{${value
      .slice(0, parametersKept)
      .map(member => String(plain(member)))
      .join(',')}}`.slice(0, longestParameter)
  try {
    return JSON.stringify(value)?.slice(0, longestParameter) ?? null
  } catch {
    return null
  }
}
