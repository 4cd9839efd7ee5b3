/** Gathers requests that were really made into routes, with their share and a fair sample of each. */
import type { PlannedRequest } from '@whetstone/model'
import { randomInteger } from '@whetstone/stats'
import { graphqlOperation } from '../graphql.ts'
import { guessPattern, matchPattern } from '../route-pattern.ts'
import type { RouteCandidate } from '../workload-input.ts'
import { splitQuery } from './request-line.ts'

export type SeenRequest = PlannedRequest

export interface SeenOptions {
  readonly origin: RouteCandidate['origin']
  /** Known patterns; a path that fits none has its pattern guessed. */
  readonly patterns: readonly string[]
  readonly random: () => number
  readonly keepPerRoute: number
}

interface Group {
  readonly method: string
  readonly pattern: string
  readonly operation: string | undefined
  readonly kept: SeenRequest[]
  count: number
}

/** The sample of each route is uniform over all its requests (reservoir sampling, Vitter's algorithm R), so memory is bounded. */
export function candidatesOfSeen(seen: Iterable<SeenRequest>, options: SeenOptions): RouteCandidate[] {
  const groups = new Map<string, Group>()
  for (const request of seen) {
    const [path] = splitQuery(request.path)
    const pattern = matchPattern(path, options.patterns) ?? guessPattern(path)
    const operation = graphqlOperation(request.body)?.name
    const key = `${request.method} ${pattern} ${operation ?? ''}`
    let group = groups.get(key)
    if (group === undefined)
      groups.set(key, (group = { method: request.method, pattern, operation, kept: [], count: 0 }))
    group.count++
    if (group.kept.length < options.keepPerRoute) group.kept.push(request)
    else {
      const slot = randomInteger(options.random, group.count)
      if (slot < group.kept.length) group.kept[slot] = request
    }
  }
  return [...groups.values()].map(({ method, pattern, operation, kept, count }) => ({
    origin: options.origin,
    method,
    pattern,
    requests: kept.map(({ path, headers, body }) => ({
      method,
      path,
      headers,
      ...(body === undefined ? {} : { body }),
    })),
    weight: count,
    ...(operation ? { operation } : {}),
  }))
}
