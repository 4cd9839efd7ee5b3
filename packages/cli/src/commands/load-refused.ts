/** A load of refusals says nothing of speed: which route answered only 4xx, and where to look. */
import type { LoadReport } from '@whetstone/model'

interface Refusal {
  /** `GET /orders/:id`. */
  readonly route: string
  readonly status: number
}

/** The first route of those that failed the run for that; a check may have asked for its 4xx, and then it did not. */
export function refusalOf({ steps, failures = [] }: Pick<LoadReport, 'steps' | 'failures'>): Refusal | undefined {
  if (failures.length === 0) return undefined
  const routes = steps.filter(({ purpose }) => purpose !== 'warm-up').flatMap(step => step.routes)
  for (const { route } of routes) {
    const statuses = routes
      .filter(other => other.route === route)
      .flatMap(({ statusCounts }) => Object.keys(statusCounts).filter(status => (statusCounts[status] ?? 0) > 0))
    const isRefused = statuses.length > 0 && statuses.every(status => /^4\d\d$/.test(status))
    if (isRefused) return { route, status: Number(statuses[0]) }
  }
  return undefined
}

export function adviceOn({ status }: Refusal): string {
  switch (status) {
    case 401:
    case 403:
      return "it wants to know who asks: --header 'authorization: …', or --login for a token"
    case 404:
    case 405:
    case 410:
      return 'look at the path and the method: nothing but the refusal was measured'
    case 429:
      return 'it limits its callers: a smaller --rate, or no limit for the length of the test'
    default:
      return 'it does not take the request as it is: look at its query, body and headers'
  }
}
