/** Traces small enough to be worked by hand. */
import type { Span, Trace } from '@whetstone/model'

export const query = (startMs: number, durationMs: number, more: Partial<Span> = {}): Omit<Span, 'id'> => ({
  kind: 'query',
  name: 'q',
  statementId: 'q',
  startMs,
  durationMs,
  ...more,
})
export const trace = (durationMs: number, spans: readonly Omit<Span, 'id'>[], more: Partial<Trace> = {}): Trace => ({
  id: 't',
  route: 'GET /a',
  startedAtMs: 0,
  durationMs,
  statusCode: 200,
  kept: 'reservoir',
  spansDropped: 0,
  ...more,
  spans: spans.map((span, id) => ({ ...span, id })),
})
