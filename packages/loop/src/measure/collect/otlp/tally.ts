/** Adds requests up as they complete: per-route aggregates over all of them, a fair sample and the slowest as exemplars, statements per call site. */
import type {
  RouteAggregate,
  RouteName,
  Site,
  Span,
  Statement,
  StatementsEvidence,
  StatementUse,
  Trace,
  TracesEvidence,
} from '@whetstone/model'
import { Histogram, type Random } from '@whetstone/stats'
import type { Released } from './assemble.ts'
import { spanOf, StatementBook, traceOf, type TraceWithoutReason } from './trace-of.ts'

export interface TallyOptions {
  /** For the reservoir. */
  readonly random: Random
  /** Fair sample kept of each route. Default 100. */
  readonly reservoirPerRoute?: number
  /** Slowest kept of each route beside it. Default 10. */
  readonly slowestPerRoute?: number
  /** Further routes are counted as dropped. Default 500. */
  readonly maxRoutes?: number
}

interface RouteTally {
  readonly route: RouteName
  readonly duration: Histogram
  readonly queriesPerRequest: Histogram
  readonly outboundPerRequest: Histogram
  readonly reservoir: TraceWithoutReason[]
  readonly slowest: TraceWithoutReason[]
  requests: number
  errors: number
  databaseMs: number
  poolWaitMs: number
  connectMs: number
  outboundMs: number
  rows: number
  connects: number
  responseBytes: number
  requestsThatWaited: number
}
type UseTally = { -readonly [K in keyof StatementUse]: StatementUse[K] }

/** Shorter waits are the cost of asking, not of a full pool. */
const WAIT_FLOOR_MS = 1

export class TraceTally {
  readonly #routes = new Map<RouteName, RouteTally>()
  readonly #uses = new Map<string, UseTally>()
  readonly #book = new StatementBook()
  readonly #options: Required<TallyOptions>
  #dropped = 0
  #requestNumber = 0

  constructor(options: TallyOptions) {
    this.#options = { reservoirPerRoute: 100, slowestPerRoute: 10, maxRoutes: 500, ...options }
  }

  get requests(): number {
    return this.#requestNumber
  }

  add({ requests, background }: Released): void {
    for (const request of requests) {
      const trace = traceOf(request, this.#book, `${request.root.traceId.slice(0, 16)}-${++this.#requestNumber}`)
      this.#dropped += trace.spansDropped
      const tally = this.#routeOf(trace.route)
      if (!tally) this.#dropped++
      else this.#addTrace(tally, trace)
    }
    const spans = background.map(span => spanOf(span, undefined, new Map(), this.#book))
    this.#addUses('', spans)
  }

  evidence(): { traces: TracesEvidence; statements: StatementsEvidence } {
    const tallies = [...this.#routes.values()]
    return {
      traces: {
        schema: 'traces@1',
        source: 'otlp',
        routes: tallies.map(aggregateOf),
        traces: tallies.flatMap(exemplarsOf),
        dropped: this.#dropped,
      },
      statements: {
        schema: 'statements@1',
        statements: [...this.#book.statements.values()].map((seen): Statement => ({ ...seen, parameters: [] })),
        uses: [...this.#uses.values()],
        overflowed: this.#book.overflowed,
      },
    }
  }

  #routeOf(route: RouteName): RouteTally | undefined {
    const known = this.#routes.get(route)
    if (known || this.#routes.size >= this.#options.maxRoutes) return known
    const tally: RouteTally = {
      route,
      duration: new Histogram(),
      queriesPerRequest: new Histogram(),
      outboundPerRequest: new Histogram(),
      reservoir: [],
      slowest: [],
      requests: 0,
      errors: 0,
      databaseMs: 0,
      poolWaitMs: 0,
      connectMs: 0,
      outboundMs: 0,
      rows: 0,
      connects: 0,
      responseBytes: 0,
      requestsThatWaited: 0,
    }
    this.#routes.set(route, tally)
    return tally
  }

  #addTrace(tally: RouteTally, trace: TraceWithoutReason): void {
    tally.requests++
    if (trace.statusCode >= 500) tally.errors++
    tally.duration.record(Math.round(trace.durationMs * 1000))
    tally.responseBytes += trace.responseBytes ?? 0
    let queries = 0
    let outbound = 0
    let longestWaitMs = 0
    for (const span of trace.spans) {
      if (span.kind === 'query') {
        queries++
        tally.databaseMs += span.durationMs
        tally.rows += span.rows ?? 0
      } else if (span.kind === 'outbound') {
        outbound++
        tally.outboundMs += span.durationMs
      } else if (span.kind === 'connect') {
        tally.connects++
        tally.connectMs += span.durationMs
      } else if (span.kind === 'pool-wait') {
        const waitMs = waitOf(span, trace.spans)
        tally.poolWaitMs += waitMs
        longestWaitMs = Math.max(longestWaitMs, waitMs)
      }
    }
    if (longestWaitMs > WAIT_FLOOR_MS) tally.requestsThatWaited++
    tally.queriesPerRequest.record(queries)
    tally.outboundPerRequest.record(outbound)
    this.#keep(tally, trace)
    this.#addUses(trace.route, trace.spans)
  }

  #keep(tally: RouteTally, trace: TraceWithoutReason): void {
    const { random, reservoirPerRoute, slowestPerRoute } = this.#options
    if (tally.reservoir.length < reservoirPerRoute) tally.reservoir.push(trace)
    else {
      const place = Math.floor(random() * tally.requests)
      if (place < reservoirPerRoute) tally.reservoir[place] = trace
    }
    const last = tally.slowest.at(-1)
    if (tally.slowest.length < slowestPerRoute || (last && trace.durationMs > last.durationMs)) {
      tally.slowest.push(trace)
      tally.slowest.sort((a, b) => b.durationMs - a.durationMs)
      tally.slowest.length = Math.min(tally.slowest.length, slowestPerRoute)
    }
  }

  #addUses(route: RouteName, spans: readonly Span[]): void {
    const inRequest = new Map<UseTally, { calls: number; parameters: Map<string, number> }>()
    for (const span of spans) {
      if (span.kind !== 'query' || span.statementId === undefined) continue
      const use = this.#useOf(route, span.statementId, span.site)
      if (!use) continue
      use.calls++
      use.totalMs += span.durationMs
      use.maxMs = Math.max(use.maxMs, span.durationMs)
      use.rows += span.rows ?? 0
      if (span.failed) use.errors++
      let seen = inRequest.get(use)
      if (!seen) inRequest.set(use, (seen = { calls: 0, parameters: new Map() }))
      seen.calls++
      const hash = span.parametersHash
      if (hash !== undefined) seen.parameters.set(hash, (seen.parameters.get(hash) ?? 0) + 1)
    }
    if (route === '') return
    for (const [use, { calls, parameters }] of inRequest) {
      use.requests++
      use.maxRepeatsInRequest = Math.max(use.maxRepeatsInRequest, calls)
      let duplicates = 0
      for (const count of parameters.values()) duplicates += count - 1
      use.duplicateCalls += duplicates
      if (duplicates > 0) use.requestsWithDuplicates++
    }
  }

  #useOf(route: RouteName, statementId: string, site: Site | undefined): UseTally | undefined {
    const place = site?.[0]
    const key = `${route}\n${statementId}\n${place ? `${place.file}:${place.line}` : ''}`
    const known = this.#uses.get(key)
    if (known || this.#uses.size >= 20_000) return known
    const use: UseTally = {
      route,
      statementId,
      ...(site ? { site } : {}),
      calls: 0,
      requests: 0,
      totalMs: 0,
      maxMs: 0,
      rows: 0,
      poolWaitMs: 0,
      maxRepeatsInRequest: 0,
      requestsWithDuplicates: 0,
      duplicateCalls: 0,
      errors: 0,
    }
    this.#uses.set(key, use)
    return use
  }
}

/** The time in the pool's queue: a new connection made meanwhile is no waiting. */
function waitOf(wait: Span, spans: readonly Span[]): number {
  let connectMs = 0
  for (const span of spans) if (span.kind === 'connect' && span.parentId === wait.id) connectMs += span.durationMs
  return Math.max(0, wait.durationMs - connectMs)
}

function aggregateOf(tally: RouteTally): RouteAggregate {
  const { reservoir: _reservoir, slowest: _slowest, ...numbers } = tally
  return {
    ...numbers,
    duration: tally.duration.toJSON(),
    queriesPerRequest: tally.queriesPerRequest.toJSON(),
    outboundPerRequest: tally.outboundPerRequest.toJSON(),
  }
}

/** A trace that is in the fair sample stays there; the slowest adds only what the sample missed. */
function exemplarsOf(tally: RouteTally): Trace[] {
  const all = tally.requests === tally.reservoir.length
  const sampled = new Set(tally.reservoir)
  return [
    ...tally.reservoir.map(trace => ({ ...trace, kept: all ? ('all' as const) : ('reservoir' as const) })),
    ...tally.slowest.filter(trace => !sampled.has(trace)).map(trace => ({ ...trace, kept: 'slowest' as const })),
  ]
}
