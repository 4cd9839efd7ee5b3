/** Statements (or outbound calls) that run many times within one request: counted per request, never per second. */
import type { Site, Span, Trace, TracesEvidence } from '@whetstone/model'
import { median } from '@whetstone/stats'
import { memo } from './memo.ts'
import { type RouteReading, readRoutes } from './routes.ts'
import { beginMs, coveredMs, mostlyConcurrent } from './spans.ts'

/** All runs of one thing in one request. */
export interface Loop {
  readonly trace: Trace
  readonly spans: readonly Span[]
  readonly coveredMs: number
  /** Different parameter sets; undefined when the runs do not carry them. */
  readonly distinctParameters: number | undefined
}

export interface Repeats {
  readonly route: RouteReading
  /** Statement id, or host and template of an outbound call. */
  readonly key: string
  /** One per request in which it ran at least twice. */
  readonly loops: readonly Loop[]
}

export const repeatsByStatement: (traces: TracesEvidence) => readonly Repeats[] = memo(traces =>
  repeatsBy(traces, span => (span.kind === 'query' ? span.statementId : undefined)),
)

export const repeatsByCall: (traces: TracesEvidence) => readonly Repeats[] = memo(traces =>
  repeatsBy(traces, span =>
    span.kind === 'outbound' && span.host !== undefined ? `${span.host} ${span.urlTemplate ?? span.name}` : undefined,
  ),
)

function repeatsBy(traces: TracesEvidence, keyOf: (span: Span) => string | undefined): readonly Repeats[] {
  return [...readRoutes(traces).values()].flatMap(route => {
    const byKey = new Map<string, Loop[]>()
    for (const trace of route.traces) {
      for (const [key, spans] of groupSpans(trace, keyOf)) {
        if (spans.length > 1) byKey.set(key, [...(byKey.get(key) ?? []), loopOf(trace, spans)])
      }
    }
    return [...byKey].map(([key, loops]) => ({ route, key, loops }))
  })
}

function groupSpans(trace: Trace, keyOf: (span: Span) => string | undefined): Map<string, Span[]> {
  const groups = new Map<string, Span[]>()
  for (const span of trace.spans) {
    const key = keyOf(span)
    if (key !== undefined) groups.set(key, [...(groups.get(key) ?? []), span])
  }
  return groups
}

function loopOf(trace: Trace, spans: readonly Span[]): Loop {
  const hashes = spans.flatMap(span => span.parametersHash ?? [])
  return {
    trace,
    spans,
    coveredMs: coveredMs(spans),
    distinctParameters: hashes.length === spans.length ? new Set(hashes).size : undefined,
  }
}

export interface LoopSummary {
  readonly count: number
  readonly maxCount: number
  /** Median over the requests, milliseconds on the clock. */
  readonly coveredMs: number
  readonly perRunMs: number
  /** Of the time of the requests that hold the loop. */
  readonly timeFraction: number
  /** Of the route's sampled requests. */
  readonly requestFraction: number
  readonly concurrent: boolean
  /** Different parameter sets over runs, 0 to 1; undefined when unknown. */
  readonly distinctFraction: number | undefined
  /** The read just before the loop, when its rows are about as many as the runs. */
  readonly list: { readonly statementId: string; readonly rows: number } | undefined
  readonly site: Site | undefined
  readonly exampleTraceId: string
}

/** What the loops of at least `runs` runs have in common; undefined when there are none. */
export function summarise({ route, loops }: Repeats, runs: number): LoopSummary | undefined {
  const long = loops.filter(loop => loop.spans.length >= runs)
  const first = long[0]
  if (!first) return undefined
  const counts = long.map(loop => loop.spans.length)
  const allMs = long.reduce((sum, loop) => sum + loop.trace.durationMs, 0)
  const distinct = long.flatMap(loop =>
    loop.distinctParameters === undefined ? [] : loop.distinctParameters / loop.spans.length,
  )
  return {
    count: median(counts),
    maxCount: Math.max(...counts),
    coveredMs: median(long.map(loop => loop.coveredMs)),
    perRunMs: median(long.flatMap(loop => loop.spans.map(span => span.durationMs))),
    timeFraction: allMs > 0 ? Math.min(1, long.reduce((sum, loop) => sum + loop.coveredMs, 0) / allMs) : 0,
    requestFraction: long.length / Math.max(1, route.traces.length),
    concurrent: long.filter(loop => mostlyConcurrent(loop.spans)).length > long.length / 2,
    distinctFraction: distinct.length === 0 ? undefined : median(distinct),
    list: listBefore(long),
    site: long.flatMap(loop => loop.spans).find(span => span.site?.length)?.site,
    exampleTraceId: closestToMedian(long).trace.id,
  }
}

function listBefore(loops: readonly Loop[]): LoopSummary['list'] {
  const lists = loops.flatMap(loop => {
    const firstRun = loop.spans.reduce((a, b) => (beginMs(b) < beginMs(a) ? b : a))
    const before = loop.trace.spans.filter(
      span => span.kind === 'query' && span.statementId !== firstRun.statementId && span.startMs < firstRun.startMs,
    )
    // Rows of the list and runs of the loop differ a little where some rows have nothing to look up.
    const match = before.toReversed().find(span => isAbout(span.rows ?? 0, loop.spans.length))
    return match?.statementId === undefined ? [] : [{ statementId: match.statementId, rows: match.rows ?? 0 }]
  })
  if (lists.length < loops.length / 2) return undefined
  return { statementId: lists[0]!.statementId, rows: median(lists.map(list => list.rows)) }
}

function isAbout(rows: number, runs: number): boolean {
  return rows >= runs * 0.8 && rows <= runs * 1.25 + 1
}

function closestToMedian(loops: readonly Loop[]): Loop {
  const middle = median(loops.map(loop => loop.spans.length))
  return loops.reduce((a, b) => (Math.abs(b.spans.length - middle) < Math.abs(a.spans.length - middle) ? b : a))
}
