/** One assembled request in the words of the model: route, spans, statements and, where the library tells, the line of code. */
import { createHash } from 'node:crypto'
import type { Span, Trace } from '@whetstone/model'
import { normaliseStatement, statementId } from '@whetstone/probe/statement-text'
import type { Request } from './assemble.ts'
import { frameOf, parametersOf, roleOf, routeOf } from './conventions.ts'
import { numberOf, type OtlpSpan, textOf } from '@whetstone/load/import'

export interface SeenStatement {
  readonly id: string
  readonly text: string
  readonly rawText: string
}
/** Raw text to statement; bounded, because some libraries write literals into the text. */
export class StatementBook {
  readonly #byRawText = new Map<string, SeenStatement>()
  readonly statements = new Map<string, SeenStatement>()
  overflowed = 0

  constructor(readonly maxTexts = 20_000) {}

  look(rawText: string): SeenStatement {
    const known = this.#byRawText.get(rawText)
    if (known) return known
    const text = normaliseStatement(rawText)
    const seen = { id: statementId(text), text, rawText }
    const first = this.statements.get(seen.id)
    if (this.#byRawText.size < this.maxTexts) this.#byRawText.set(rawText, first ?? seen)
    else this.overflowed++
    if (!first && this.statements.size < this.maxTexts) this.statements.set(seen.id, seen)
    return first ?? seen
  }
}

export type TraceWithoutReason = Omit<Trace, 'kept'>

/** `requestNumber` makes ids unique when one distributed trace holds several requests. */
export function traceOf(request: Request, book: StatementBook, id: string): TraceWithoutReason {
  const { root } = request
  const operationName = request.spans.map(span => textOf(span, 'operationName')).find(name => name !== undefined)
  const numbers = new Map<string, number>()
  request.spans.forEach((span, index) => numbers.set(span.spanId, index + 1))
  const statusCode = numberOf(root, 'statusCode')
  const responseBytes = numberOf(root, 'responseBytes')
  const url = textOf(root, 'path') ?? textOf(root, 'url')
  return {
    id,
    route: routeOf(root, operationName),
    startedAtMs: root.startMs,
    durationMs: microseconds(root.endMs - root.startMs),
    statusCode: statusCode ?? (root.failed ? 500 : 200),
    ...(responseBytes === undefined ? {} : { responseBytes }),
    ...(url === undefined ? {} : { url }),
    spans: request.spans.map(span => spanOf(span, root, numbers, book)),
    spansDropped: request.spansDropped,
  }
}

export function spanOf(
  span: OtlpSpan,
  root: OtlpSpan | undefined,
  numbers: ReadonlyMap<string, number>,
  book: StatementBook,
): Span {
  const role = roleOf(span)
  const parentId = span.parentSpanId === undefined ? undefined : numbers.get(span.parentSpanId)
  const frame = frameOf(span)
  const placed = {
    id: numbers.get(span.spanId) ?? 0,
    ...(parentId === undefined ? {} : { parentId }),
    startMs: microseconds(span.startMs - (root?.startMs ?? span.startMs)),
    durationMs: microseconds(span.endMs - span.startMs),
    ...(span.failed ? { failed: true } : {}),
    ...(frame ? { site: [frame] } : {}),
  }
  switch (role.kind) {
    case 'query': {
      const statement = book.look(role.text)
      const rows = numberOf(span, 'rows')
      const parameters = parametersHashOf(role.text, statement.text, parametersOf(span))
      return {
        ...placed,
        kind: 'query',
        name: span.name,
        statementId: statement.id,
        ...(rows === undefined ? {} : { rows }),
        ...(parameters === undefined ? {} : { parametersHash: parameters }),
      }
    }
    case 'outbound': {
      const { host, urlTemplate, method } = role
      const statusCode = numberOf(span, 'statusCode')
      return {
        ...placed,
        kind: 'outbound',
        name: `${method} ${host}${urlTemplate}`,
        host,
        urlTemplate,
        ...(statusCode === undefined ? {} : { statusCode }),
      }
    }
    case 'pool-wait':
    case 'connect':
      return { ...placed, kind: role.kind, name: span.name }
    case 'server':
    case 'internal':
      return { ...placed, kind: 'internal', name: span.name }
  }
}

/** Epoch milliseconds hold no finer step, so the noise below it goes. */
const microseconds = (ms: number): number => Math.round(ms * 1000) / 1000

/** Equal hash = equal parameters. A text with placeholders whose values were not sent could mean anything: no hash. */
function parametersHashOf(rawText: string, text: string, parameters: string | undefined): string | undefined {
  if (parameters === undefined && (/\$\d/.test(rawText) || /[=(,]\s*\?/.test(rawText))) return undefined
  if (parameters === undefined && !/\$\d/.test(text)) return 'none'
  return createHash('sha256')
    .update(`${rawText}\n${parameters ?? ''}`)
    .digest('hex')
    .slice(0, 12)
}
