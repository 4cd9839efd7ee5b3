/** Gathers requests that were really made into routes, with their share and a fair sample of each. */
import { randomInteger } from '@whetstone/stats'
import { graphqlOperation } from './graphql.ts'
import type { RecordedRequest } from './imported.ts'
import { guessPattern, matchPattern, splitQuery } from './route-pattern.ts'

export interface GroupOptions {
  /** Known patterns; a path that fits none has its pattern guessed. */
  readonly patterns: readonly string[]
  readonly random: () => number
  readonly keepPerRoute: number
}

export interface RouteGroup {
  readonly method: string
  readonly pattern: string
  readonly operation: string | undefined
  readonly kept: readonly RecordedRequest[]
  readonly count: number
}

interface Growing extends RouteGroup {
  readonly kept: RecordedRequest[]
  count: number
}

/** The sample of each route is uniform over all its requests (reservoir sampling, Vitter's algorithm R), so memory is bounded. */
export function groupRequests(requests: Iterable<RecordedRequest>, options: GroupOptions): RouteGroup[] {
  const groups = new Map<string, Growing>()
  for (const request of requests) {
    const [path] = splitQuery(request.path)
    const pattern = request.pattern ?? matchPattern(path, options.patterns) ?? guessPattern(path)
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
  return [...groups.values()]
}
