/** What a statement costs that runs many times in a request, and the edit that makes one run of them all: said alike by every practice about loops. */
import type { Fact, TraceEdit, Where } from '@whetstone/model'
import { fact } from './figures.ts'
import type { LoopSummary } from './repeats.ts'

interface LoopWords {
  /** What is counted: `reads by key per request`. */
  readonly runs: string
  /** One of them: `one read`. */
  readonly one: string
}

/** Medians over the requests that hold the loop, linked to the most typical of them. */
export function loopFacts(loop: LoopSummary, statementId: string, { runs, one }: LoopWords): readonly Fact[] {
  const link = { traceId: loop.exampleTraceId, statementId }
  return [
    fact(runs, loop.count, 'count', 'traces', link),
    fact('time in them per request', loop.coveredMs, 'ms', 'traces', link),
    fact('share of the request', loop.timeFraction, 'fraction', 'traces', link),
    fact(one, loop.perRunMs, 'ms', 'traces', link),
  ]
}

/** One run returns the rows of them all; on every route where none is named. */
export function collapsed(statementIds: readonly string[], { route }: Where): TraceEdit {
  return { kind: 'trace', change: { kind: 'collapse', statementIds }, ...(route === undefined ? {} : { route }) }
}
