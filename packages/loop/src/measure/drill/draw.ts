/** Which requests a drill sends: those that only read, by the weights of their routes, over their whole range of keys. */
import type { Workload } from '@whetstone/model'
import type { DrillRequest } from './stream.ts'

/** Undefined where nothing may be repeated safely. */
export function drawReads({ routes }: Workload, random: () => number): (() => DrillRequest) | undefined {
  const safe = routes.filter(
    ({ weight, requests }) =>
      weight > 0 && requests.length > 0 && requests.every(({ method }) => method === 'GET' || method === 'HEAD'),
  )
  const total = safe.reduce((sum, { weight }) => sum + weight, 0)
  if (safe.length === 0) return undefined
  return () => {
    let left = random() * total
    const chosen = safe.find(({ weight }) => (left -= weight) < 0) ?? safe[0]!
    const request = chosen.requests[Math.floor(random() * chosen.requests.length)] ?? chosen.requests[0]!
    return { route: chosen.route, ...request }
  }
}
