/** Statements by id, what kind of work each does, and where it is issued. */
import type { RouteName, Site, Statement, StatementsEvidence, TracesEvidence } from '@whetstone/model'
import { memo } from './memo.ts'

export const statementsById: (statements: StatementsEvidence) => ReadonlyMap<string, Statement> = memo(
  statements => new Map(statements.statements.map(statement => [statement.id, statement])),
)

export type Work = 'read' | 'write' | 'control'

/** BEGIN, COMMIT and SET are no work of the application: they never count as queries. */
export function workOf(statement: Statement | undefined): Work {
  const operation = statement?.shape?.operation ?? firstWord(statement?.text ?? '')
  if (operation === 'select' || operation === 'with') return 'read'
  return operation === 'insert' || operation === 'update' || operation === 'delete' ? 'write' : 'control'
}

function firstWord(text: string): string {
  return (/^[\s(]*(\w+)/.exec(text)?.[1] ?? '').toLowerCase()
}

/** Reads that touch a table and take no locks: `SELECT 1`, `nextval` and queue polling are none of them. */
export function readsRows(statement: Statement | undefined): boolean {
  if (workOf(statement) !== 'read') return false
  if (/\bfor\s+(no\s+key\s+)?(update|share|key\s+share)\b/i.test(statement?.text ?? '')) return false
  return statement?.shape ? statement.shape.tables.length > 0 && !statement.shape.locks : true
}

const sites: (evidence: StatementsEvidence) => ReadonlyMap<string, Site> = memo(evidence => {
  const busiest = new Map<string, { readonly calls: number; readonly site: Site }>()
  for (const { route, statementId, site, calls } of evidence.uses) {
    if (!site?.length) continue
    for (const key of [`${route}|${statementId}`, `|${statementId}`]) {
      const known = busiest.get(key)
      if (!known || calls > known.calls) busiest.set(key, { calls, site })
    }
  }
  return new Map([...busiest].map(([key, { site }]) => [key, site]))
})

const spanSites: (evidence: TracesEvidence) => ReadonlyMap<string, Site> = memo(evidence => {
  const found = new Map<string, Site>()
  for (const trace of evidence.traces) {
    for (const { statementId, site } of trace.spans) {
      const key = `${trace.route}|${statementId}`
      if (statementId !== undefined && site?.length && !found.has(key)) found.set(key, site)
    }
  }
  return found
})

/** The busiest call site of a statement on a route: call sites are sampled, so one trace alone may not carry it. */
export function siteOf(
  route: RouteName,
  statementId: string,
  statements: StatementsEvidence | undefined,
  traces?: TracesEvidence,
): Site | undefined {
  const key = `${route}|${statementId}`
  return (
    (traces && spanSites(traces).get(key)) ??
    (statements && (sites(statements).get(key) ?? sites(statements).get(`|${statementId}`)))
  )
}
