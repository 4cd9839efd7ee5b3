/** Which calls of a request decide how long it takes: the walk back from its end, always to the call that finished last. */
import type { Span, Trace } from '@whetstone/model'
import { beginMs, endMs } from './spans.ts'

export interface CriticalPath {
  /** Milliseconds on the path, by kind of work; `own` is the service itself between its calls. */
  readonly onMs: ReadonlyMap<Span['kind'] | 'own', number>
  /** Of the time of all calls: what ran beside the path. Making it faster returns nothing. */
  readonly besideMs: number
}

/** Calls only: an internal span is the sum of what is within it. */
export function criticalPath({ spans, durationMs }: Pick<Trace, 'spans' | 'durationMs'>): CriticalPath {
  const calls = spans.filter(({ kind }) => kind !== 'internal').toSorted((a, b) => endMs(b) - endMs(a))
  const onMs = new Map<Span['kind'] | 'own', number>()
  const add = (kind: Span['kind'] | 'own', ms: number) => void (ms > 0 && onMs.set(kind, (onMs.get(kind) ?? 0) + ms))
  let cursor = durationMs
  let calledMs = 0
  for (const call of calls) {
    calledMs += Math.max(0, Math.min(endMs(call), durationMs) - beginMs(call))
    // What ends later than the path has come runs beside it.
    if (endMs(call) > cursor) continue
    add('own', cursor - endMs(call))
    add(call.kind, endMs(call) - beginMs(call))
    cursor = Math.max(0, beginMs(call))
  }
  add('own', cursor)
  const pathMs = [...onMs].reduce((sum, [kind, ms]) => sum + (kind === 'own' ? 0 : ms), 0)
  return { onMs, besideMs: Math.max(0, calledMs - pathMs) }
}
