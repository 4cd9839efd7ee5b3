/** Waits for locks as findings need them: which of the application's statements waited, behind what, and which line took the lock. */
import type {
  PgBlocking,
  PgSessions,
  Site,
  Span,
  Statement,
  StatementsEvidence,
  TracesEvidence,
} from '@whetstone/model'
import { quantile } from '@whetstone/stats'
import { siteOf, statementsById } from './statements.ts'
import { readTransactions } from './transactions.ts'

export interface LockWait {
  readonly blocking: PgBlocking
  /** The statement of the blocking transaction that took the lock, as far as requests show it; else the last it ran. */
  readonly taker: { readonly statementId?: string; readonly text: string; readonly site?: Site }
  readonly kind: LockKind
}
/** What the way out depends on. */
export type LockKind = 'idle-transaction' | 'hot-row' | 'queue' | 'schema-change' | 'other-statement'

const schemaChange = /^\s*(?:alter|create|drop|truncate|lock|reindex|cluster|refresh|vacuum\s*\(?\s*full)\b/i

/** Only where one of the application's own statements waited; without knowing them, all. */
export function lockWaits(
  sessions: PgSessions,
  statements: StatementsEvidence | undefined,
  traces: TracesEvidence | undefined,
): readonly LockWait[] {
  const byId = statements ? statementsById(statements) : new Map<string, Statement>()
  return sessions.blocked
    .filter(({ waiting }) => statements === undefined || waiting.statementId !== undefined)
    .map(blocking => {
      const taker = takerOf(blocking, byId, statements, traces)
      return { blocking, taker, kind: kindOf(blocking, taker.text) }
    })
}

function kindOf({ blocker, blockerIdle, waiting }: PgBlocking, takerText: string): LockKind {
  if (schemaChange.test(blocker.text)) return 'schema-change'
  if (blockerIdle) return 'idle-transaction'
  const isSame = takerText === waiting.text
  if (isSame && /\bfor\s+(?:no\s+key\s+)?update\b/i.test(waiting.text) && /\blimit\b/i.test(waiting.text))
    return 'queue'
  return isSame ? 'hot-row' : 'other-statement'
}

function takerOf(
  { waiting, blocker }: PgBlocking,
  byId: ReadonlyMap<string, Statement>,
  statements: StatementsEvidence | undefined,
  traces: TracesEvidence | undefined,
): LockWait['taker'] {
  const tables = new Set(byId.get(waiting.statementId ?? '')?.shape?.tables)
  const taken = statements && traces ? firstLockIn(traces, statements, byId, blocker.statementId, tables) : undefined
  const statementId = taken?.statementId ?? blocker.statementId
  const text = byId.get(statementId ?? '')?.text ?? blocker.text
  const site = taken?.site ?? (statementId === undefined ? undefined : anySite(statementId, statements, traces))
  return { text, ...(statementId === undefined ? {} : { statementId }), ...(site ? { site } : {}) }
}

/** In sampled transactions that ran the blocker's last statement: the first one that locks rows of a table the waiting one touches. */
function firstLockIn(
  traces: TracesEvidence,
  statements: StatementsEvidence,
  byId: ReadonlyMap<string, Statement>,
  lastId: string | undefined,
  tables: ReadonlySet<string>,
): Span | undefined {
  if (lastId === undefined || tables.size === 0) return undefined
  for (const { spans } of readTransactions(traces, statements)) {
    if (!spans.some(span => span.statementId === lastId)) continue
    const found = spans.find(span => {
      const shape = byId.get(span.statementId ?? '')?.shape
      if (shape === undefined || !shape.tables.some(table => tables.has(table))) return false
      return shape.locks || shape.operation === 'update' || shape.operation === 'delete' || shape.operation === 'insert'
    })
    if (found) return found
  }
  return undefined
}

function anySite(
  statementId: string,
  statements: StatementsEvidence | undefined,
  traces: TracesEvidence | undefined,
): Site | undefined {
  return siteOf('', statementId, statements, traces)
}

/** How long the statement usually takes, and how long with nobody in its way: the median and the tenth of its sampled runs. */
export function contendedMs(
  traces: TracesEvidence,
  statementId: string,
): { readonly usualMs: number; readonly freeMs: number } | undefined {
  const runs = traces.traces
    .filter(trace => trace.kept !== 'slowest')
    .flatMap(({ spans }) => spans.filter(span => span.statementId === statementId).map(span => span.durationMs))
  if (runs.length < leastRuns) return undefined
  return { usualMs: quantile(runs, 0.5), freeMs: quantile(runs, 0.1) }
}
const leastRuns = 20
