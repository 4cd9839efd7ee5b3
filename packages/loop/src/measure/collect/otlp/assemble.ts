/** Puts spans that arrive in any order back together: one request per server span, released when its trace has gone quiet. */
import type { OtlpSpan } from '@whetstone/load/import'

/** A server span and what happened below it, up to the next server span. */
export interface Request {
  readonly root: OtlpSpan
  readonly spans: readonly OtlpSpan[]
  readonly spansDropped: number
}
export interface Released {
  readonly requests: readonly Request[]
  /** Spans of traces without a server span: jobs, timers, start-up. */
  readonly background: readonly OtlpSpan[]
}

export interface AssemblerOptions {
  /** A trace whose server span has come is complete after so long without news. Default 1000. */
  readonly settleMs?: number
  /** A trace without one is background work after so long. Default 30 000. */
  readonly orphanMs?: number
  /** Traces held at once; beyond it the oldest is released early. Default 5000. */
  readonly maxTraces?: number
  /** Spans held of one trace; further ones are only counted. Default 2000. */
  readonly maxSpans?: number
}

interface Pending {
  readonly spans: OtlpSpan[]
  hasServer: boolean
  dropped: number
  newsAtMs: number
}

export class TraceAssembler {
  readonly #pending = new Map<string, Pending>()
  readonly #settleMs: number
  readonly #orphanMs: number
  readonly #maxTraces: number
  readonly #maxSpans: number

  constructor(options: AssemblerOptions = {}) {
    this.#settleMs = options.settleMs ?? 1000
    this.#orphanMs = options.orphanMs ?? 30_000
    this.#maxTraces = options.maxTraces ?? 5000
    this.#maxSpans = options.maxSpans ?? 2000
  }

  /** Returns what had to be released early to stay within the bound. */
  add(spans: readonly OtlpSpan[], nowMs: number): Released {
    const early: Pending[] = []
    for (const span of spans) {
      let trace = this.#pending.get(span.traceId)
      if (!trace) {
        if (this.#pending.size >= this.#maxTraces) early.push(this.#takeOldest())
        trace = { spans: [], hasServer: false, dropped: 0, newsAtMs: nowMs }
        this.#pending.set(span.traceId, trace)
      }
      trace.newsAtMs = nowMs
      const isServer = span.kind === 'server'
      if (trace.spans.length >= this.#maxSpans && !isServer) trace.dropped++
      else trace.spans.push(span)
      trace.hasServer ||= isServer
    }
    return release(early)
  }

  /** Traces that have gone quiet. */
  take(nowMs: number): Released {
    const quiet: Pending[] = []
    for (const [id, trace] of this.#pending) {
      if (nowMs - trace.newsAtMs < (trace.hasServer ? this.#settleMs : this.#orphanMs)) continue
      this.#pending.delete(id)
      quiet.push(trace)
    }
    return release(quiet)
  }

  /** Everything, complete or not: the measurement is over. */
  takeAll(): Released {
    const all = [...this.#pending.values()]
    this.#pending.clear()
    return release(all)
  }

  clear(): void {
    this.#pending.clear()
  }

  #takeOldest(): Pending {
    const [id, trace] = this.#pending.entries().next().value!
    this.#pending.delete(id)
    return trace
  }
}

function release(traces: readonly Pending[]): Released {
  const requests: Request[] = []
  const background: OtlpSpan[] = []
  for (const trace of traces) {
    const byId = new Map(trace.spans.map(span => [span.spanId, span]))
    const below = new Map<OtlpSpan, OtlpSpan[]>()
    for (const span of trace.spans) if (span.kind === 'server') below.set(span, [])
    for (const span of trace.spans) {
      if (span.kind === 'server') continue
      const root = serverAbove(span, byId)
      if (root) below.get(root)!.push(span)
      else background.push(span)
    }
    for (const [root, spans] of below) {
      spans.sort((a, b) => a.startMs - b.startMs)
      requests.push({ root, spans, spansDropped: trace.dropped })
    }
  }
  return { requests, background }
}

/** Bounded, because a broken exporter may name a span its own ancestor. */
function serverAbove(span: OtlpSpan, byId: ReadonlyMap<string, OtlpSpan>): OtlpSpan | undefined {
  let above = span.parentSpanId === undefined ? undefined : byId.get(span.parentSpanId)
  for (let depth = 0; above && depth < 500; depth++) {
    if (above.kind === 'server') return above
    above = above.parentSpanId === undefined ? undefined : byId.get(above.parentSpanId)
  }
  return undefined
}
