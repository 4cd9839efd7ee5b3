/** Finds budgets of routes that the service does not have: a slip in a name must not become a gate that never closes. */
import type { Budgets } from '@whetstone/loop'
import { type RouteName, type Workload, WhetstoneError } from '@whetstone/model'
import { closestTo } from '@whetstone/model'

export interface KnownRoutes {
  readonly workload: Workload
  /** As the framework declares them; those that were not chosen for this run are routes all the same. */
  readonly declared: readonly RouteName[]
  /** The user named the routes of this run, so that others may well exist. */
  readonly narrowed: boolean
}

/** @throws WhetstoneError WHET_CONFIG with the nearest route; silent where the routes of the service are not known */
export function checkBudgetRoutes(budgets: Budgets, { workload, declared, narrowed }: KnownRoutes): void {
  if (narrowed && declared.length === 0) return
  const known = [...new Set([...workload.routes, ...workload.skipped].map(({ route }) => route).concat(declared))]
  for (const route of Object.keys(budgets)) {
    if (route === '*' || known.includes(route)) continue
    const near = closestTo(route, known)
    throw new WhetstoneError(
      'WHET_CONFIG',
      `budgets: the service has no route '${route}'.${near === undefined ? '' : ` Did you mean '${near}'?`}`,
      { hint: `routes: ${known.slice(0, 12).join(', ')}${known.length > 12 ? ` and ${known.length - 12} more` : ''}` },
    )
  }
}
