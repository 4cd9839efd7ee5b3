/** The requests of a route that are kept whole: a fair sample, and the slowest. */
import type { RouteName, Site, Span, Trace } from '@whetstone/model'
import type { RequestRecord, SpanRecord } from './request-record.ts'
import type { StatementRecord } from './statements.ts'

const fairKept = 32
const slowestKept = 8

export interface FinishedRequest {
  readonly record: RequestRecord
  readonly durationMs: number
  readonly statusCode: number
  readonly responseBytes: number
  readonly startedAtMs: number
}

/**
 * The fair sample is the `fairKept` smallest of uniform priorities, and the id begins with the priority: whoever keeps the
 * smallest ids of several processes has a fair sample of them all.
 */
export class Exemplars {
  #fair: number[] = []
  #slowest: number[] = []
  #pending: (FinishedRequest & { readonly kept: 'reservoir' | 'slowest' })[] = []

  offer(request: FinishedRequest): void {
    const isFair = keepSmallest(this.#fair, request.record.priority, fairKept)
    const isSlow = keepSmallest(this.#slowest, -request.durationMs, slowestKept)
    if (!isFair && !isSlow) return
    if (this.#pending.length >= fairKept + slowestKept) this.#pending.shift()
    this.#pending.push({ ...request, kept: isFair ? 'reservoir' : 'slowest' })
  }

  take(route: RouteName, siteOf: (statement: StatementRecord) => Site | undefined): Trace[] {
    const pending = this.#pending
    this.#pending = []
    return pending.map(request => traceOf(request, request.kept, route, siteOf))
  }
}

/** True when `value` is now one of the `limit` smallest in the sorted list. */
function keepSmallest(smallest: number[], value: number, limit: number): boolean {
  if (smallest.length >= limit && value >= smallest[smallest.length - 1]!) return false
  let at = smallest.length
  while (at > 0 && smallest[at - 1]! > value) at--
  smallest.splice(at, 0, value)
  if (smallest.length > limit) smallest.pop()
  return true
}

function traceOf(
  { record, durationMs, statusCode, responseBytes, startedAtMs }: FinishedRequest,
  kept: 'reservoir' | 'slowest',
  route: RouteName,
  siteOf: (statement: StatementRecord) => Site | undefined,
): Trace {
  const spans = record.spans ?? []
  return {
    id: Math.floor(record.priority * 2 ** 52)
      .toString(16)
      .padStart(13, '0'),
    route,
    startedAtMs,
    durationMs,
    statusCode,
    responseBytes,
    kept,
    url: record.url,
    spans: spans.map((span, index) => spanOf(span, index + 1, record.startedAt, siteOf)),
    spansDropped: record.spansDropped,
  }
}

function spanOf(
  span: SpanRecord,
  id: number,
  origin: number,
  siteOf: (statement: StatementRecord) => Site | undefined,
): Span {
  const { statement, hash, host, urlTemplate, cacheCommand } = span
  const site = span.site ?? (statement && siteOf(statement))
  return {
    id,
    kind: span.kind,
    name: nameOf(span),
    startMs: span.startedAt - origin,
    durationMs: span.durationMs,
    ...(statement && { statementId: statement.id }),
    ...(span.rows !== undefined && { rows: span.rows }),
    ...(hash !== undefined && { [cacheCommand ? 'keyHash' : 'parametersHash']: hash.toString(16).padStart(8, '0') }),
    ...(span.poolWaitMs && { poolWaitMs: span.poolWaitMs }),
    ...(span.connection && { connection: span.connection }),
    ...(span.transaction && { transaction: span.transaction }),
    ...(site && { site }),
    ...(host !== undefined && { host }),
    ...(urlTemplate !== undefined && { urlTemplate }),
    ...(span.statusCode && { statusCode: span.statusCode }),
    ...(span.failed && { failed: true }),
    ...(cacheCommand && { command: cacheCommand.name, keyTemplate: cacheCommand.keyTemplate }),
    ...(span.hit !== undefined && { hit: span.hit }),
    ...(span.valueBytes !== undefined && { valueBytes: span.valueBytes }),
  }
}

function nameOf({ kind, statement, method, host, urlTemplate, cacheCommand }: SpanRecord): string {
  if (statement) return statement.id
  if (cacheCommand) return `${cacheCommand.name} ${cacheCommand.keyTemplate}`.trimEnd()
  return kind === 'outbound' ? `${method} ${host}${urlTemplate}` : kind
}
