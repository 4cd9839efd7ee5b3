/** Time on the clock that spans take, counted once where they overlap. */
import type { Span } from '@whetstone/model'

/** When the span began to hold the request up: waiting for a connection belongs to it. */
export function beginMs(span: Span): number {
  return span.startMs - (span.poolWaitMs ?? 0)
}

export function endMs(span: Span): number {
  return span.startMs + span.durationMs
}

/** Length of the union of the spans, waits for a connection included. */
export function coveredMs(spans: readonly Span[]): number {
  let covered = 0
  let until = -Infinity
  for (const span of spans.toSorted((a, b) => beginMs(a) - beginMs(b))) {
    const from = Math.max(beginMs(span), until)
    const to = endMs(span)
    if (to > from) covered += to - from
    until = Math.max(until, to)
  }
  return covered
}

/** True when most of the spans began before the one before them had ended. */
export function mostlyConcurrent(spans: readonly Span[]): boolean {
  const sorted = spans.toSorted((a, b) => beginMs(a) - beginMs(b))
  const overlapping = sorted.filter((span, at) => at > 0 && beginMs(span) < endMs(sorted[at - 1]!)).length
  return sorted.length > 1 && overlapping >= (sorted.length - 1) / 2
}
