/** Figures of routes and statement uses, added up from the deltas of one process or of several. */
import type {
  ProbeRouteDelta,
  ProbeUseDelta,
  RouteAggregate,
  SerializedHistogram,
  Site,
  StatementUse,
} from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

const routesKept = 2_000
const usesKept = 20_000

type Summed = Omit<ProbeRouteDelta, 'route' | 'duration' | 'queriesPerRequest' | 'outboundPerRequest'>
const summedFields = [
  'requests',
  'errors',
  'databaseMs',
  'poolWaitMs',
  'connectMs',
  'outboundMs',
  'rows',
  'connects',
  'responseBytes',
  'requestsThatWaited',
  'cacheCalls',
  'cacheMs',
] as const satisfies readonly (keyof Summed)[]

interface RouteSums {
  readonly sums: Record<keyof Summed, number>
  readonly duration: Histogram
  readonly queries: Histogram
  readonly outbound: Histogram
}

export class RouteTotals {
  readonly #routes = new Map<string, RouteSums>()

  add(delta: ProbeRouteDelta): void {
    const totals = this.#totalsOf(delta.route)
    if (totals === undefined) return
    for (const field of summedFields) totals.sums[field] += delta[field] ?? 0
    totals.duration.merge(Histogram.fromJSON(readable(delta.duration)))
    totals.queries.merge(Histogram.fromJSON(readable(delta.queriesPerRequest)))
    totals.outbound.merge(Histogram.fromJSON(readable(delta.outboundPerRequest)))
  }

  merge(other: RouteTotals): void {
    for (const [route, from] of other.#routes) {
      const totals = this.#totalsOf(route)
      if (totals === undefined) continue
      for (const field of summedFields) totals.sums[field] += from.sums[field]
      totals.duration.merge(from.duration)
      totals.queries.merge(from.queries)
      totals.outbound.merge(from.outbound)
    }
  }

  list(siteOf: (route: string) => Site | undefined): RouteAggregate[] {
    return [...this.#routes].map(([route, { sums, duration, queries, outbound }]) => {
      const site = siteOf(route)
      const { cacheCalls, cacheMs, ...others } = sums
      return {
        route,
        ...others,
        ...(cacheCalls > 0 ? { cacheCalls, cacheMs } : {}),
        duration: duration.toJSON(),
        queriesPerRequest: queries.toJSON(),
        outboundPerRequest: outbound.toJSON(),
        ...(site && { site }),
      }
    })
  }

  #totalsOf(route: string): RouteSums | undefined {
    const known = this.#routes.get(route)
    if (known) return known
    if (this.#routes.size >= routesKept) return undefined
    const sums = Object.fromEntries(summedFields.map(field => [field, 0])) as Record<keyof Summed, number>
    const totals = { sums, duration: new Histogram(), queries: new Histogram(), outbound: new Histogram() }
    this.#routes.set(route, totals)
    return totals
  }
}

export class UseTotals {
  readonly #uses = new Map<string, StatementUse>()

  add(delta: ProbeUseDelta): void {
    const key = `${delta.route}\n${delta.statementId}\n${siteKey(delta.site)}`
    const known = this.#uses.get(key)
    if (known) this.#uses.set(key, sumOf(known, delta))
    else if (this.#uses.size < usesKept) this.#uses.set(key, delta)
  }

  merge(other: UseTotals): void {
    for (const use of other.#uses.values()) this.add(use)
  }

  /** Calls whose stack was not read are counted at the busiest known place of their route and statement. */
  list(): StatementUse[] {
    const placed = new Map<string, StatementUse>()
    const unplaced: StatementUse[] = []
    for (const [key, use] of this.#uses) {
      if (use.site) placed.set(key, use)
      else unplaced.push(use)
    }
    const busiest = busiestPlaces([...placed])
    for (const use of unplaced) {
      const key = busiest.get(pairKey(use))
      if (key === undefined) placed.set(pairKey(use), use)
      else placed.set(key, sumOf(placed.get(key)!, use))
    }
    return [...placed.values()]
  }
}

function busiestPlaces(placed: readonly (readonly [key: string, use: StatementUse])[]): Map<string, string> {
  const rising = placed.toSorted(([, one], [, other]) => one.calls - other.calls)
  return new Map(rising.map(([key, use]) => [pairKey(use), key]))
}

export function pairKey(use: { readonly route: string; readonly statementId: string }): string {
  return `${use.route}\n${use.statementId}`
}

export function siteKey(site: Site | undefined): string {
  return (site ?? []).map(frame => `${frame.file}:${frame.line}:${frame.column}`).join('|')
}

function sumOf(one: StatementUse, other: StatementUse): StatementUse {
  const conflicts = (one.conflicts ?? 0) + (other.conflicts ?? 0)
  return {
    ...one,
    calls: one.calls + other.calls,
    requests: one.requests + other.requests,
    totalMs: one.totalMs + other.totalMs,
    maxMs: Math.max(one.maxMs, other.maxMs),
    rows: one.rows + other.rows,
    poolWaitMs: one.poolWaitMs + other.poolWaitMs,
    maxRepeatsInRequest: Math.max(one.maxRepeatsInRequest, other.maxRepeatsInRequest),
    requestsWithDuplicates: one.requestsWithDuplicates + other.requestsWithDuplicates,
    duplicateCalls: one.duplicateCalls + other.duplicateCalls,
    errors: one.errors + other.errors,
    ...(conflicts > 0 ? { conflicts } : {}),
  }
}

export function readable(histogram: SerializedHistogram): Parameters<typeof Histogram.fromJSON>[0] {
  return histogram as Parameters<typeof Histogram.fromJSON>[0]
}
