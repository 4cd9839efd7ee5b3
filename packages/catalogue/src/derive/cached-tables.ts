/** What lies behind the keys of a cache: the statements that load them, and so the tables whose writes make them old. */
import type { CacheKeys, Statement, StatementsEvidence, TracesEvidence } from '@whetstone/model'
import { memoOfTwo } from './memo.ts'
import { routeUses } from './statement-time.ts'
import { readsRows, statementsById } from './statements.ts'

/** Statements of requests that missed may have been about something else: what loads a key runs in most of its loads. */
const ofTheLoads = 0.5

/** Those that read rows between the miss and the set of most loads of the key, most frequent first. */
export function loadingStatements({ loads }: CacheKeys, statements: StatementsEvidence): readonly Statement[] {
  const byId = statementsById(statements)
  return loads.statements.flatMap(({ statementId, loads: own }) => {
    const statement = byId.get(statementId)
    return statement && readsRows(statement) && own >= loads.loads * ofTheLoads ? [statement] : []
  })
}

/** Statements that hardly run but to fill a cache: a second cache in front of them would answer nothing. */
export const statementsBehindCache = memoOfTwo(
  (traces: TracesEvidence, statements: StatementsEvidence): ReadonlySet<string> => {
    const loads = new Map<string, number>()
    for (const keys of traces.cache?.keys ?? []) {
      for (const { id } of loadingStatements(keys, statements)) {
        const own = keys.loads.statements.find(({ statementId }) => statementId === id)?.loads ?? 0
        loads.set(id, (loads.get(id) ?? 0) + own)
      }
    }
    const calls = new Map<string, number>()
    for (const use of routeUses(statements)) calls.set(use.statementId, (calls.get(use.statementId) ?? 0) + use.calls)
    return new Set([...loads].flatMap(([id, own]) => (own >= (calls.get(id) ?? 0) / 2 ? [id] : [])))
  },
)
