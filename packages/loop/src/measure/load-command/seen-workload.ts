/** The workload of a load that somebody else drove: the requests that were really seen, as far as repeating them is safe. */
import { guessPattern } from '@whetstone/load/import'
import type { PlannedRequest, TracesEvidence, Workload } from '@whetstone/model'

/** Different requests kept of a route: enough to ask one again with a variation. */
const REQUESTS_PER_ROUTE = 20

/** @param paths what the load command names, where nothing was seen inside the service */
export function seenWorkload(traces: TracesEvidence | undefined, baseUrl: string, paths: readonly string[]): Workload {
  const requests = new Map<string, Map<string, PlannedRequest>>()
  const add = (route: string, target: string): void => {
    const url = URL.canParse(target, baseUrl) ? new URL(target, baseUrl) : undefined
    if (url === undefined) return
    const path = url.pathname + url.search
    const own = requests.get(route) ?? new Map<string, PlannedRequest>()
    if (own.size < REQUESTS_PER_ROUTE) own.set(path, { method: route.split(' ')[0]!, path, headers: {} })
    requests.set(route, own)
  }
  for (const { route, url, statusCode } of traces?.traces ?? [])
    if (/^(GET|HEAD) \//.test(route) && url !== undefined && statusCode < 400) add(route, url)
  if (requests.size === 0) for (const path of paths) add(`GET ${guessPattern(path.split(/[?#]/, 1)[0]!)}`, path)
  const weights = new Map((traces?.routes ?? []).map(({ route, requests: count }) => [route, count]))
  return {
    routes: [...requests].map(([route, own]) => ({
      route,
      weight: weights.get(route) ?? 1,
      requests: [...own.values()],
    })),
    skipped: [],
  }
}
