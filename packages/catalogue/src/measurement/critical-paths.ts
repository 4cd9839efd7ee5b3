/** The few routes that carry most of the time, and what decides how long each of them takes. */
import { definePractice, type Fact, notApplicable, pass } from '@whetstone/model'
import { criticalPath } from '../derive/critical-path.ts'
import { fact, percentText } from '../derive/figures.ts'
import { readRoutes, type RouteReading } from '../derive/routes.ts'

export const criticalPaths = definePractice({
  id: 'critical-paths',
  chapter: 'measurement',
  title: 'Optimise critical paths and hot endpoints',
  why: 'A request is as slow as the chain of calls that finishes last; work beside that chain, and routes that hardly anybody asks for, return nothing however fast they become.',
  unless: ['The aim is capacity or cost: then work beside the path counts as well, for it uses cores and connections.'],
  sources: [
    'https://www.usenix.org/conference/osdi14/technical-sessions/presentation/chow',
    'https://queue.acm.org/detail.cfm?id=3526967',
  ],
  needs: ['traces'],
  thresholds: {
    timeFraction: { value: 0.5, unit: 'fraction', source: 'the routes that make half of all time, largest first' },
    besideFraction: {
      value: 0.1,
      unit: 'fraction',
      source: 'of the time of calls: less beside the path is how clocks and spans overlap',
    },
  },
  remedy: {
    summary: 'Begin with the routes on top, and with the calls on their path.',
    library: 'whetstone diagnose',
    example: {
      language: 'ts',
      before: `const [orders, advert] = await Promise.all([loadOrders(), loadAdvert()]) // 80 ms and 30 ms: the advert is beside the path`,
      after: `// make loadOrders() faster: of 80 ms every one is returned until it takes 30`,
    },
  },
  detect({ traces }, { timeFraction, besideFraction }) {
    const routes = [...readRoutes(traces).values()].toSorted((a, b) => b.totalMs - a.totalMs)
    if (routes.length === 0) return notApplicable('no request was traced')
    const hot: RouteReading[] = []
    for (const route of routes) {
      if (hot.reduce((sum, one) => sum + one.timeFraction, 0) >= timeFraction) break
      hot.push(route)
    }
    const facts: readonly Fact[] = hot.map(one => fact(`time in ${one.route}`, one.timeFraction, 'fraction', 'traces'))
    return pass(
      facts.slice(0, 5),
      hot
        .slice(0, 3)
        .map(one => noteOf(one, besideFraction))
        .join('; '),
    )
  },
})

const words = {
  own: 'the service itself',
  query: 'the database',
  outbound: 'other services',
  cache: 'the cache',
  connect: 'connecting',
  'pool-wait': 'waiting for a connection',
  internal: 'the service itself',
} as const

function noteOf({ route, timeFraction, traces }: RouteReading, besideFraction: number): string {
  const paths = traces.map(criticalPath)
  const byKind = new Map<keyof typeof words, number>()
  for (const { onMs } of paths) for (const [kind, ms] of onMs) byKind.set(kind, (byKind.get(kind) ?? 0) + ms)
  const pathMs = [...byKind.values()].reduce((sum, ms) => sum + ms, 0)
  const [largest] = [...byKind].toSorted((a, b) => b[1] - a[1])
  const besideMs = paths.reduce((sum, path) => sum + path.besideMs, 0)
  const calledMs = besideMs + pathMs - (byKind.get('own') ?? 0)
  return [
    `${route} carries ${percentText(timeFraction)} of the time`,
    ...(largest ? [`${percentText(largest[1] / pathMs)} of its path is ${words[largest[0]]}`] : []),
    ...(calledMs > 0 && besideMs / calledMs >= besideFraction
      ? [`${percentText(besideMs / calledMs)} of its calls run beside it`]
      : []),
  ].join(', ')
}
