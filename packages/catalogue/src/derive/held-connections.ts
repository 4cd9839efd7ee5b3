/** Connections that a request took and nobody gave back, over all processes, by the line that took them. */
import type { HeldConnections, PoolState, RuntimeEvidence, Statement, StatementsEvidence } from '@whetstone/model'
import { memoOfTwo } from './memo.ts'
import { statementsById } from './statements.ts'

export interface Leak {
  readonly pool: PoolState
  readonly held: HeldConnections
  readonly lastStatement?: Statement
}

const nothing: StatementsEvidence = { schema: 'statements@1', statements: [], uses: [], overflowed: 0 }

/**
 * Only those whose request has been answered: a stream that is still being sent keeps its connection rightly, and so does what
 * the service took for itself when it started.
 */
export function leaks(
  runtime: RuntimeEvidence,
  statements: StatementsEvidence | undefined,
  leastUnusedMs: number,
): readonly Leak[] {
  return allLeaks(runtime, statements ?? nothing).filter(({ held }) => held.unusedMs >= leastUnusedMs)
}

const allLeaks = memoOfTwo((runtime: RuntimeEvidence, statements: StatementsEvidence): readonly Leak[] => {
  const byId = statementsById(statements)
  const merged = new Map<string, Leak>()
  for (const pool of runtime.processes.flatMap(({ pools }) => pools)) {
    for (const held of pool.held ?? []) {
      const lastStatement = byId.get(held.statementId ?? '')
      if (held.outlived === 0 || isKeptOnPurpose(lastStatement)) continue
      const frame = held.site?.[0]
      const key = frame === undefined ? 'unknown' : `${frame.file}:${frame.line}`
      const known = merged.get(key)
      merged.set(key, {
        pool,
        ...(lastStatement ? { lastStatement } : {}),
        held: {
          ...held,
          connections: held.outlived + (known?.held.connections ?? 0),
          outlived: held.outlived + (known?.held.outlived ?? 0),
          longestMs: Math.max(held.longestMs, known?.held.longestMs ?? 0),
          unusedMs: Math.min(held.unusedMs, known?.held.unusedMs ?? Infinity),
        },
      })
    }
  }
  return [...merged.values()].toSorted((one, other) => other.held.connections - one.held.connections)
})

/** Subscriptions, locks of a session and cursors belong to their connection. */
function isKeptOnPurpose(statement: Statement | undefined): boolean {
  return /^\s*(?:listen|unlisten|declare|fetch)\b|\bpg_(?:try_)?advisory_lock/i.test(statement?.text ?? '')
}
