/** Where database time goes: every statement that requests wait for, heaviest first. */
import type { RouteName, StatementsEvidence, StatementUse } from '@whetstone/model'
import { memo } from './memo.ts'
import { statementsById, workOf } from './statements.ts'

export interface StatementTime {
  readonly statementId: string
  readonly calls: number
  readonly totalMs: number
  readonly meanMs: number
  readonly rowsPerCall: number
  /** Of the database time of all requests. */
  readonly timeFraction: number
  /** Heaviest first. */
  readonly routes: readonly RouteName[]
  readonly uses: readonly StatementUse[]
}

/** Background statements (no route) and transaction control are left out. */
export const statementTimes: (statements: StatementsEvidence) => readonly StatementTime[] = memo(statements => {
  const byId = statementsById(statements)
  const uses = statements.uses.filter(use => use.route !== '' && workOf(byId.get(use.statementId)) !== 'control')
  const allMs = uses.reduce((sum, use) => sum + use.totalMs, 0)
  const grouped = new Map<string, StatementUse[]>()
  for (const use of uses) grouped.set(use.statementId, [...(grouped.get(use.statementId) ?? []), use])
  return [...grouped]
    .map(([statementId, own]) => {
      const totalMs = own.reduce((sum, use) => sum + use.totalMs, 0)
      const calls = own.reduce((sum, use) => sum + use.calls, 0)
      const rows = own.reduce((sum, use) => sum + use.rows, 0)
      return {
        statementId,
        calls,
        totalMs,
        meanMs: calls > 0 ? totalMs / calls : 0,
        rowsPerCall: calls > 0 ? rows / calls : 0,
        timeFraction: allMs > 0 ? totalMs / allMs : 0,
        routes: routesByTime(own),
        uses: own,
      }
    })
    .toSorted((a, b) => b.totalMs - a.totalMs || a.statementId.localeCompare(b.statementId))
})

function routesByTime(uses: readonly StatementUse[]): readonly RouteName[] {
  const msByRoute = new Map<RouteName, number>()
  for (const use of uses) msByRoute.set(use.route, (msByRoute.get(use.route) ?? 0) + use.totalMs)
  return [...msByRoute].toSorted((a, b) => b[1] - a[1] || a[0].localeCompare(b[0])).map(([route]) => route)
}

/** One statement on one route, all its call sites together. */
export interface RouteUse {
  readonly route: RouteName
  readonly statementId: string
  readonly calls: number
  readonly requests: number
  readonly totalMs: number
  readonly rows: number
  readonly poolWaitMs: number
  readonly duplicateCalls: number
  readonly requestsWithDuplicates: number
}

export const routeUses: (statements: StatementsEvidence) => readonly RouteUse[] = memo(statements =>
  statementTimes(statements).flatMap(({ statementId, routes, uses }) =>
    routes.map(route => {
      const own = uses.filter(use => use.route === route)
      const sum = (field: 'calls' | 'totalMs' | 'rows' | 'poolWaitMs' | 'duplicateCalls') =>
        own.reduce((total, use) => total + use[field], 0)
      const most = (field: 'requests' | 'requestsWithDuplicates') => Math.max(...own.map(use => use[field]))
      return {
        route,
        statementId,
        calls: sum('calls'),
        // Call sites of one statement meet in the same requests, so their counts must not be added up.
        requests: most('requests'),
        totalMs: sum('totalMs'),
        rows: sum('rows'),
        poolWaitMs: sum('poolWaitMs'),
        duplicateCalls: sum('duplicateCalls'),
        requestsWithDuplicates: most('requestsWithDuplicates'),
      }
    }),
  ),
)
