/** What a cache does to the tail of a route: most requests lose the read, and the p95 is among those that do not. */
import { beginMs, coveredMs } from './spans.ts'
import type { RouteReading } from './routes.ts'

export interface TailGain {
  readonly beforeMs: number
  readonly afterMs: number
  /** 1 − after / before; 0 where nothing was traced. */
  readonly gainFraction: number
}

/**
 * Each sampled request counts twice: as a miss, as it was, and as a hit, without the time of the read; weighted by how many
 * will be which. So hits below 95 % leave the p95 to the misses, and only move where among them it lies.
 */
export function p95Gain({ traces }: RouteReading, statementId: string, hitFraction: number): TailGain {
  const requests = traces.map(({ durationMs, spans }) => {
    const reads = spans.filter(span => span.kind === 'query' && span.statementId === statementId)
    const waitMs = reads.reduce((sum, span) => sum + span.startMs - beginMs(span), 0)
    return { durationMs, savedMs: Math.min(durationMs, coveredMs(reads) + waitMs) }
  })
  const beforeMs = weightedP95(requests.map(({ durationMs }) => ({ ms: durationMs, weight: 1 })))
  const afterMs = weightedP95(
    requests.flatMap(({ durationMs, savedMs }) => [
      { ms: durationMs, weight: 1 - hitFraction },
      { ms: durationMs - savedMs, weight: hitFraction },
    ]),
  )
  return { beforeMs, afterMs, gainFraction: beforeMs > 0 ? 1 - afterMs / beforeMs : 0 }
}

function weightedP95(values: readonly { readonly ms: number; readonly weight: number }[]): number {
  const sorted = values.toSorted((a, b) => a.ms - b.ms)
  const all = sorted.reduce((sum, { weight }) => sum + weight, 0)
  let below = 0
  for (const { ms, weight } of sorted) {
    below += weight
    // A rounding error must not push the rank past the last one.
    if (below >= all * 0.95 - 1e-9) return ms
  }
  return 0
}
