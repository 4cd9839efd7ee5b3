/** Which metrics may fail a trial: few, named beforehand, so that asking about every route does not raise false alarms. */
import type { BlockMetric, MetricName, RouteName } from '@whetstone/model'
import { median } from '@whetstone/stats'
import { kindOf } from './compare.ts'
import { valueIn, type BlockPair } from './pairs.ts'

export interface GateOptions {
  /** Requests of each route relative to the others; 1 where not given. */
  readonly weights: ReadonlyMap<RouteName, number>
  /** How many routes; default 3. */
  readonly gatedRoutes: number
  /** Default p50 and p95. */
  readonly gatedMetrics: readonly MetricName[]
}

type MetricKey = Pick<BlockMetric, 'route' | 'name'>

/** Tells the gated metrics: the timed ones of the heaviest routes, every counted one of a route, and errors over all. */
export function gateOf(
  pairs: readonly BlockPair[],
  keys: readonly MetricKey[],
  options: GateOptions,
): (key: MetricKey) => boolean {
  const heaviest = new Set(heaviestRoutes(pairs, keys, options))
  return ({ route, name }) => {
    const kind = kindOf(name)
    if (kind === 'timed') return heaviest.has(route) && options.gatedMetrics.includes(name)
    return kind === 'errors' ? route === 'overall' : route !== 'overall'
  }
}

/**
 * Routes on which most time is waited: weight × p50. The p50 is of both arms together, because choosing by one arm's own
 * figures would favour the other.
 */
function heaviestRoutes(pairs: readonly BlockPair[], keys: readonly MetricKey[], options: GateOptions): RouteName[] {
  const routes = [...new Set(keys.map(({ route }) => route))].filter(route => route !== 'overall')
  if (routes.length === 0) return ['overall']
  const weighed = routes.map(route => {
    const blocks = pairs.flatMap(({ a, b }) => [
      valueIn(a, { route, name: 'p50Ms' }),
      valueIn(b, { route, name: 'p50Ms' }),
    ])
    const p50s = blocks.filter(value => value !== undefined)
    return { route, weight: p50s.length === 0 ? 0 : (options.weights.get(route) ?? 1) * median(p50s) }
  })
  return weighed
    .toSorted((left, right) => right.weight - left.weight)
    .slice(0, options.gatedRoutes)
    .map(({ route }) => route)
}
