/** What makes a run fail though no limit speaks of it: a route that only ever refused, and checks that did not hold. */
import { countText } from '@whetstone/model'
import type { CheckCount, LoadStep, RouteName } from '@whetstone/model'

interface FailureRules {
  /** Some checks may fail: the load goes past what the service carries on purpose, or a limit speaks of checks itself. */
  readonly checksMayFail: boolean
}

/** Of all checks together; one that never held fails the run in any case. */
const LEAST_PASSING = 0.99

/** One sentence each, over all the given steps together, warm-ups left out by the caller; empty when there is none. */
export function failuresOf(steps: readonly LoadStep[], { checksMayFail }: FailureRules): string[] {
  const checks = checksOf(steps)
  return [...refusals(steps, checks), ...failedChecks(checks, checksMayFail)]
}

/** A route that answered nothing but 4xx, unless a check that held each time says that this is what was wanted. */
function refusals(steps: readonly LoadStep[], checks: readonly CheckCount[]): string[] {
  const byRoute = new Map<RouteName, Map<string, number>>()
  for (const { route, statusCounts } of steps.flatMap(({ routes }) => routes)) {
    const counts = byRoute.get(route) ?? new Map<string, number>()
    for (const [status, count] of Object.entries(statusCounts))
      if (count > 0) counts.set(status, (counts.get(status) ?? 0) + count)
    byRoute.set(route, counts)
  }
  return [...byRoute].flatMap(([route, counts]) => {
    const statuses = [...counts.keys()].toSorted()
    const wasExpected = checks.some(check => check.route === route && check.fails === 0 && check.passes > 0)
    if (wasExpected || statuses.length === 0 || !statuses.every(status => /^4\d\d$/.test(status))) return []
    const total = [...counts.values()].reduce((sum, count) => sum + count, 0)
    const whole = total === 1 ? 'its only request' : `all ${countText(total)} requests`
    return [`${route} answered ${statuses.join(' or ')} to ${whole}`]
  })
}

function failedChecks(checks: readonly CheckCount[], mayFail: boolean): string[] {
  const never = checks.filter(({ passes, fails }) => fails > 0 && passes === 0)
  const passes = checks.reduce((sum, check) => sum + check.passes, 0)
  const all = checks.reduce((sum, check) => sum + check.fails, passes)
  const isTooMany = !mayFail && all > 0 && passes / all < LEAST_PASSING
  const failed = isTooMany ? checks.filter(({ fails }) => fails > 0) : never
  const [first] = failed
  if (first === undefined) return []
  return failed.length === 1 ? [`the check "${first.name}" failed`] : [`${countText(failed.length)} checks failed`]
}

function checksOf(steps: readonly LoadStep[]): readonly CheckCount[] {
  const together = new Map<string, CheckCount>()
  for (const check of steps.flatMap(({ checks = [] }) => checks)) {
    const key = JSON.stringify([check.route, check.name])
    const before = together.get(key)
    together.set(key, {
      ...check,
      passes: check.passes + (before?.passes ?? 0),
      fails: check.fails + (before?.fails ?? 0),
    })
  }
  return [...together.values()]
}
