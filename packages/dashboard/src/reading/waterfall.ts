/** One slow request as rows of a waterfall, with repeats folded away after the sixth. */
import type { LoadCurveEvidence, RankedFinding, RunReport, SlowSample, Span, Statement, Trace } from '@whetstone/model'

const SHOWN_REPEATS = 6
const MOST_ROWS = 60

export type SpanColour = 'root' | 'app' | 'database' | 'wait' | 'http'
export interface WaterfallRow {
  readonly label: string
  readonly title: string
  readonly depth: number
  readonly colour: SpanColour
  readonly startMs: number
  /** From the start of the first to the end of the last span it stands for. */
  readonly lengthMs: number
  /** Sum of what it stands for. */
  readonly durationMs: number
  /** Wait for a pool connection right before the start. */
  readonly waitMs: number
  readonly repeated: boolean
  /** More than one when the row stands for spans that were folded away. */
  readonly folded: number
}

/** The same request as the load saw it, when it was among the slowest: the kept trace's id is the beginning of the one it was sent with. */
export function seenFromOutside(trace: Trace, curve: LoadCurveEvidence | undefined): SlowSample | undefined {
  if (trace.id.length < SHORTEST_KEPT_ID) return undefined
  return curve?.steps.flatMap(({ slowest = [] }) => slowest).find(({ traceId }) => traceId.startsWith(trace.id))
}

/** Hexadecimal digits of the probe's trace ids: fewer could begin another's. */
const SHORTEST_KEPT_ID = 13

/** The trace a finding speaks about: the one its facts name, else the slowest that shows its statement or route. */
export function exemplarOf(finding: RankedFinding, traces: RunReport['traces']): Trace | undefined {
  const named = finding.facts.flatMap(fact => fact.evidence.traceId ?? [])
  const direct = traces.find(trace => named.includes(trace.id))
  if (direct) return direct
  const { route, statementId } = finding.where
  if (statementId === undefined) return undefined
  return traces
    .filter(trace => route === undefined || trace.route === route)
    .filter(trace => trace.spans.some(span => span.statementId === statementId))
    .toSorted((a, b) => b.durationMs - a.durationMs)[0]
}

export function waterfallOf(trace: Trace, statements: readonly Statement[]): readonly WaterfallRow[] {
  const texts = new Map(statements.map(statement => [statement.id, statement.text]))
  const spans = trace.spans.toSorted((a, b) => a.startMs - b.startMs)
  const byId = new Map(spans.map(span => [span.id, span]))
  const groups = groupBy(spans, keyOf)
  const rows: WaterfallRow[] = [rootRow(trace)]
  const seen = new Map<string, number>()
  for (const span of spans) {
    const key = keyOf(span)
    const group = groups.get(key)!
    const number = (seen.get(key) ?? 0) + 1
    seen.set(key, number)
    const folds = group.length > SHOWN_REPEATS + 1
    if (folds && number > SHOWN_REPEATS + 1) continue
    const shared = { depth: depthOf(span, byId), colour: colourOf(span), repeated: group.length > 2 }
    if (folds && number === SHOWN_REPEATS + 1) rows.push({ ...foldedRow(group.slice(SHOWN_REPEATS)), ...shared })
    else rows.push({ ...spanRow(span, texts), ...shared })
  }
  const hidden = rows.length - MOST_ROWS + trace.spansDropped
  return hidden > 0 ? [...rows.slice(0, MOST_ROWS - 1), restRow(rows.slice(MOST_ROWS - 1), trace)] : rows
}

function rootRow(trace: Trace): WaterfallRow {
  return {
    label: trace.url ? `${trace.route.split(' ')[0]} ${trace.url}` : trace.route,
    title: trace.url ?? trace.route,
    depth: 0,
    colour: 'root',
    startMs: 0,
    lengthMs: trace.durationMs,
    durationMs: trace.durationMs,
    waitMs: 0,
    repeated: false,
    folded: 1,
  }
}

function spanRow(span: Span, texts: ReadonlyMap<string, string>): Omit<WaterfallRow, 'depth' | 'colour' | 'repeated'> {
  const text = (span.statementId && texts.get(span.statementId)) ?? span.name
  return {
    label: span.kind === 'query' ? shortSql(text) : text,
    title: text,
    startMs: span.startMs,
    lengthMs: span.durationMs,
    durationMs: span.durationMs,
    waitMs: span.poolWaitMs ?? 0,
    folded: 1,
  }
}

function foldedRow(spans: readonly Span[]): Omit<WaterfallRow, 'depth' | 'colour' | 'repeated'> {
  const startMs = spans[0]!.startMs
  const endMs = Math.max(...spans.map(span => span.startMs + span.durationMs))
  const noun = spans[0]!.kind === 'query' ? 'identical queries' : 'identical calls'
  return {
    label: `… ${spans.length} more ${noun}`,
    title: `${spans.length} more ${noun}`,
    startMs,
    lengthMs: endMs - startMs,
    durationMs: spans.reduce((sum, span) => sum + span.durationMs, 0),
    waitMs: 0,
    folded: spans.length,
  }
}

function restRow(rows: readonly WaterfallRow[], trace: Trace): WaterfallRow {
  const count = rows.reduce((sum, row) => sum + row.folded, trace.spansDropped)
  const startMs = rows[0]?.startMs ?? trace.durationMs
  return {
    label: `… ${count} more spans`,
    title: `${count} more spans, not shown`,
    depth: 1,
    colour: 'app',
    startMs,
    lengthMs: trace.durationMs - startMs,
    durationMs: rows.reduce((sum, row) => sum + row.durationMs, 0),
    waitMs: 0,
    repeated: false,
    folded: count,
  }
}

/** `SELECT … FROM items WHERE order_id = $1`: the columns are what nobody needs to see. */
export function shortSql(sql: string): string {
  const single = sql.replaceAll(/\s+/g, ' ').trim()
  const match = /^(SELECT)\s+(.+?)\s+(FROM\s.*)$/i.exec(single)
  return match && match[2]!.length > 12 ? `${match[1]} … ${match[3]}` : single
}

function keyOf(span: Span): string {
  return span.statementId ?? `${span.kind} ${span.host ?? ''}${span.urlTemplate ?? span.name}`
}

function colourOf({ kind }: Span): SpanColour {
  if (kind === 'query') return 'database'
  if (kind === 'outbound') return 'http'
  return kind === 'internal' ? 'app' : 'wait'
}

function depthOf(span: Span, byId: ReadonlyMap<number, Span>): number {
  let depth = 1
  for (let parent = span.parentId; parent !== undefined && depth < 8; parent = byId.get(parent)?.parentId) {
    if (byId.has(parent)) depth++
  }
  return depth
}

/** `Map.groupBy` is missing from Node 20 and from browsers of its age. */
function groupBy<T>(list: readonly T[], key: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>()
  for (const item of list) {
    const group = groups.get(key(item))
    if (group) group.push(item)
    else groups.set(key(item), [item])
  }
  return groups
}
