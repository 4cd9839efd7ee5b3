/** Which request each arrival sends: routes by weight, then evenly over the route's concrete requests, all from one seed. */
import type { PlannedRoute } from '@whetstone/model'
import { randomInteger, seededRandom } from '@whetstone/stats'

export interface Choice {
  readonly routeIndex: number
  readonly requestIndex: number
}

/** Each call draws the next request. Routes without requests or with weight 0 are never drawn; there must be one that can be. */
export function requestMix(routes: readonly PlannedRoute[], seed: number): () => Choice {
  const random = seededRandom(seed)
  const upTo: number[] = []
  let total = 0
  for (const route of routes) upTo.push((total += route.requests.length === 0 ? 0 : route.weight))
  return () => {
    const drawn = random() * total
    let routeIndex = 0
    while (drawn >= upTo[routeIndex]!) routeIndex++
    return { routeIndex, requestIndex: randomInteger(random, routes[routeIndex]!.requests.length) }
  }
}
