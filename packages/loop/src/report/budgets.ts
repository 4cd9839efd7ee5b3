/** Holds the limits of the config against what was measured: a limit is kept, broken, or says why neither can be said. */
import type { BudgetResult, LatencySummary, RouteName, RouteResult } from '@whetstone/model'
import { answersForP99 } from './summary.ts'

export type Budgets = Readonly<Record<RouteName | '*', Partial<Record<BudgetResult['metric'], number>>>>

/** One result a limit, also for routes that nothing is known of: a gate must not open because nobody looked. */
export function budgetResults(
  budgets: Budgets,
  routes: readonly RouteResult[],
  overall: LatencySummary,
): BudgetResult[] {
  return Object.entries(budgets).flatMap(([route, limits]) => {
    const record = route === '*' ? overall : routes.find(other => other.route === route)
    return Object.entries(limits).map(([name, limit]) => {
      const metric = name as BudgetResult['metric']
      return { route, metric, limit, ...judged(metric, limit, record), source: 'config' }
    })
  })
}

type Judgement = Pick<BudgetResult, 'ok' | 'value' | 'unknown'>

function judged(metric: BudgetResult['metric'], limit: number, record: LatencySummary | undefined): Judgement {
  if (!record || record.requests === 0)
    return { ok: false, unknown: 'it was not called in this time; give a longer --duration or a higher --rate' }
  if (metric === 'errorFraction') return comparedWith(limit, record.errors / record.requests)
  // Called, and not one answer: no latency can be slower than that.
  if (record.response.count === 0) return { ok: false }
  const value = record[metric]
  if (value === undefined)
    return {
      ok: false,
      unknown: `a p99 takes ${answersForP99.toLocaleString('en-US')} answers, and ${record.response.count} came; give a longer --duration or a higher --rate`,
    }
  return comparedWith(limit, value)
}

function comparedWith(limit: number, value: number): Judgement {
  return { ok: value <= limit, value }
}

/** A warning for each limit that could not be judged. */
export function budgetWarnings(budgets: readonly BudgetResult[]): string[] {
  return budgets.flatMap(({ route, metric, unknown }) =>
    unknown === undefined ? [] : [`budget ${nameOf(metric)} of ${route} is not judged: ${unknown}`],
  )
}

function nameOf(metric: BudgetResult['metric']): string {
  return metric === 'errorFraction' ? 'errors' : metric.replace(/Ms$/, '')
}
