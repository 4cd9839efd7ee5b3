/** What requests did between BEGIN and COMMIT: how long the transaction lasted, how much of it the database worked, and what filled the rest. */
import type { Span, Statement, StatementsEvidence, Trace, TracesEvidence } from '@whetstone/model'
import { memoOfTwo } from './memo.ts'
import { type RouteReading, readRoutes } from './routes.ts'
import { coveredMs, endMs } from './spans.ts'
import { statementsById } from './statements.ts'

export interface TransactionReading {
  readonly route: RouteReading
  readonly trace: Trace
  /** From BEGIN to the statement that ended it, both included; in the order of their start. */
  readonly spans: readonly Span[]
  readonly durationMs: number
  /** While none of its statements ran. */
  readonly idleMs: number
  readonly gaps: readonly Gap[]
}

/** Between two statements of a transaction: its locks and its connection are held, and nothing is asked of the database. */
export interface Gap {
  readonly after: Span
  readonly startMs: number
  readonly durationMs: number
  /** What the request did meanwhile, as far as it shows: calls to others, and statements on other connections. */
  readonly calls: readonly Span[]
  readonly elsewhere: readonly Span[]
}

/** Only whole ones: of what was cut off or goes on in another request nothing is concluded. */
export const readTransactions: (
  traces: TracesEvidence,
  statements: StatementsEvidence,
) => readonly TransactionReading[] = memoOfTwo((traces, statements) => {
  const byId = statementsById(statements)
  return [...readRoutes(traces).values()].flatMap(route =>
    route.traces.flatMap(trace => transactionsOf(trace, route, byId)),
  )
})

function transactionsOf(
  trace: Trace,
  route: RouteReading,
  byId: ReadonlyMap<string, Statement>,
): readonly TransactionReading[] {
  const groups = new Map<number, Span[]>()
  for (const span of trace.spans) {
    if (span.kind !== 'query' || span.transaction === undefined) continue
    groups.set(span.transaction, [...(groups.get(span.transaction) ?? []), span])
  }
  return [...groups.values()].flatMap(group => {
    const spans = group.toSorted((a, b) => a.startMs - b.startMs)
    const [first, last] = [spans[0]!, spans.at(-1)!]
    const isWhole = stepOf(first, byId) === 'begin' && ['commit', 'rollback'].includes(stepOf(last, byId) ?? '')
    if (!isWhole || spans.length < 3) return []
    const durationMs = endMs(last) - first.startMs
    return [
      {
        route,
        trace,
        spans,
        durationMs,
        idleMs: Math.max(0, durationMs - runningMs(spans)),
        gaps: gapsOf(spans, trace),
      },
    ]
  })
}

/** BEGIN, COMMIT and ROLLBACK, also where no parser read the text. */
export function stepOf(span: Span, byId: ReadonlyMap<string, Statement>): 'begin' | 'commit' | 'rollback' | undefined {
  const text = byId.get(span.statementId ?? '')?.text ?? ''
  if (/^\s*(?:begin|start\s+transaction)\b/i.test(text)) return 'begin'
  if (/^\s*(?:commit|end)\b/i.test(text)) return 'commit'
  return /^\s*(?:rollback|abort)\b(?!\s+(?:work\s+|transaction\s+)?to\b)/i.test(text) ? 'rollback' : undefined
}

/** A wait for a connection happens before BEGIN and is none of the transaction's time. */
const withoutWait = ({ poolWaitMs: _wait, ...span }: Span): Span => span
const runningMs = (spans: readonly Span[]): number => coveredMs(spans.map(withoutWait))

function gapsOf(spans: readonly Span[], trace: Trace): readonly Gap[] {
  const own = new Set(spans)
  const gaps: Gap[] = []
  let after = spans[0]!
  for (const span of spans.slice(1)) {
    const startMs = endMs(after)
    const durationMs = span.startMs - startMs
    if (durationMs > 0) {
      const during = trace.spans.filter(
        other => !own.has(other) && other.startMs < span.startMs && endMs(other) > startMs,
      )
      gaps.push({
        after,
        startMs,
        durationMs,
        calls: during.filter(({ kind }) => kind === 'outbound'),
        elsewhere: during.filter(({ kind }) => kind === 'query' || kind === 'pool-wait' || kind === 'connect'),
      })
    }
    // Statements that were sent together end in any order.
    if (endMs(span) > endMs(after)) after = span
  }
  return gaps
}

/** How much of the gap the spans fill. */
export function filledMs({ startMs, durationMs }: Gap, spans: readonly Span[]): number {
  const end = startMs + durationMs
  return coveredMs(
    spans.map(span => {
      const from = Math.max(startMs, span.startMs - (span.poolWaitMs ?? 0))
      return { ...withoutWait(span), startMs: from, durationMs: Math.max(0, Math.min(end, endMs(span)) - from) }
    }),
  )
}
