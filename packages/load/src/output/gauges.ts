/** What is told of an interval as it was: percentiles, rates and the generator's own lag. */
import type { LoadInterval } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { widthOf } from '../record/interval-grid.ts'
import { cellsOf } from './cells.ts'

export interface Gauge {
  readonly name: 'response' | 'rate' | 'lag'
  /** Seconds, or requests per second. */
  readonly value: number
  /** All routes together when absent. */
  readonly route?: string
  readonly quantile?: number
}

const quantiles = [0.5, 0.95, 0.99]

/** Percentiles are those of successful answers; where there was none there is no gauge, and the rate is 0. */
export function gaugesOf(interval: LoadInterval): Gauge[] {
  const perSecond = 1000 / widthOf(interval)
  return [
    { name: 'rate', value: interval.requests * perSecond },
    ...quantileGauges('response', Histogram.fromJSON(interval.response)),
    ...(interval.lag === undefined ? [] : quantileGauges('lag', Histogram.fromJSON(interval.lag))),
    ...routesOf(interval).flatMap(({ route, requests, response }): Gauge[] => [
      { name: 'rate', route, value: requests * perSecond },
      ...quantileGauges('response', response).map(gauge => ({ ...gauge, route })),
    ]),
  ]
}

function routesOf(interval: LoadInterval) {
  const routes = new Map<string, { readonly route: string; requests: number; readonly response: Histogram }>()
  for (const cell of cellsOf(interval)) {
    if (cell.route === '') continue
    let of = routes.get(cell.route)
    if (of === undefined) routes.set(cell.route, (of = { route: cell.route, requests: 0, response: new Histogram() }))
    of.requests += cell.requests
    if (cell.errors === 0) of.response.merge(cell.response)
  }
  return [...routes.values()]
}

function quantileGauges(name: 'response' | 'lag', histogram: Histogram): Gauge[] {
  if (histogram.count === 0) return []
  return quantiles.map(quantile => ({ name, quantile, value: histogram.quantile(quantile) / 1e6 }))
}
