/** Whether those who run the service can see its slow requests: a mean hides them, and in this run it would have. */
import {
  ask,
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type RouteLoad,
  type RouteName,
} from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { fact, msText, rounded } from '../derive/figures.ts'
import { measuredStep } from '../derive/load.ts'

export const percentilesOverAverages = definePractice({
  id: 'percentiles-over-averages',
  chapter: 'foundations',
  title: 'Use p50/p95/p99, not means',
  why: 'One request in twenty that takes a second moves the mean by fifty milliseconds: nobody looks, while every user who asks twenty times has met it.',
  unless: ['Sums are wanted, as for capacity and cost: there the mean is the right figure.'],
  sources: [
    'https://sre.google/sre-book/monitoring-distributed-systems/',
    'https://prometheus.io/docs/practices/histograms/',
    'https://dl.acm.org/doi/10.1145/2408776.2408794',
  ],
  needs: ['load-curve'],
  optional: ['http-probe'],
  thresholds: {
    tailRatio: {
      value: 5,
      unit: 'ratio',
      source:
        'of an exponential distribution p95 is three times the mean and p99 4.6 times: beyond lies a tail of its own',
    },
    tailMs: { value: 100, unit: 'ms', source: 'above the mean: what people notice' },
    beyond: { value: 10, unit: 'count', source: 'samples above a quantile, before it says more than who was unlucky' },
  },
  remedy: {
    summary: 'Count durations into a histogram by route, and show p50, p95 and p99 of it.',
    library: 'prom-client',
    example: {
      language: 'ts',
      before: `sumMs += elapsedMs; requests++ // 58 ms on average, and one in fifty takes two seconds`,
      after: `const duration = new Histogram({ name: 'http_request_duration_seconds', help: 'by route', labelNames: ['route'],
  buckets: [0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10] })
duration.observe({ route }, seconds)`,
    },
  },
  detect({ 'load-curve': curve, 'http-probe': probes }, thresholds) {
    const step = measuredStep(curve)
    if (!step || step.overall.response.count === 0) return notApplicable('nothing was answered')
    const tails = step.routes
      .flatMap(load => tailOf(load, thresholds.beyond) ?? [])
      .toSorted((a, b) => b.tailMs / b.meanMs - a.tailMs / a.meanMs)
    const hidden = tails.find(
      ({ tailMs, meanMs }) => tailMs >= meanMs * thresholds.tailRatio && tailMs - meanMs >= thresholds.tailMs,
    )
    const durations = probes?.metrics?.durations ?? []
    const facts = (hidden ?? tails[0]) ? factsOf((hidden ?? tails[0])!) : []
    const shown = durations.find(({ shape }) => shape !== 'mean')
    if (shown) return pass(facts, `its metrics hold ${shown.name} with ${shown.shape}`)
    const [mean] = durations
    if (mean && hidden) return findings([describe(mean.name, hidden)])
    if (mean) return ask(`Its metrics hold only the mean, ${mean.name}: who would see a slow percentile?`, facts)
    return ask('Does what watches this service show p95 and p99 of each route, or means?', facts)
  },
})

interface Tail {
  readonly route: RouteName
  readonly meanMs: number
  readonly p50Ms: number
  readonly quantile: 'p99' | 'p95'
  readonly tailMs: number
}

/** The farthest quantile that enough samples lie beyond. */
function tailOf({ route, response }: RouteLoad, beyond: number): Tail | undefined {
  const quantile = response.count >= beyond * 100 ? 'p99' : response.count >= beyond * 20 ? 'p95' : undefined
  if (!quantile) return undefined
  const histogram = Histogram.fromJSON(response)
  return {
    route,
    quantile,
    meanMs: response.sum / response.count / 1_000,
    p50Ms: histogram.quantile(0.5) / 1_000,
    tailMs: histogram.quantile(quantile === 'p99' ? 0.99 : 0.95) / 1_000,
  }
}

function factsOf({ meanMs, p50Ms, quantile, tailMs }: Tail): readonly Fact[] {
  return [
    fact('mean', meanMs, 'ms', 'load-curve'),
    fact('p50', p50Ms, 'ms', 'load-curve'),
    fact(quantile, tailMs, 'ms', 'load-curve'),
  ]
}

function describe(name: string, tail: Tail): Finding {
  const { route, quantile, meanMs, tailMs } = tail
  const where = { route, resource: name }
  return {
    fingerprint: fingerprintOf('percentiles-over-averages', where),
    practice: 'percentiles-over-averages',
    title: `its metrics show a mean of ${msText(meanMs)} where ${quantile} is ${msText(tailMs)}`,
    where,
    facts: factsOf(tail),
    confidence: 'measured',
    remedy: {
      summary: 'Count durations into a histogram by route, and show p50, p95 and p99 of it.',
      steps: [
        `${name} is the only duration of requests on /metrics, and ${quantile} is ${rounded(tailMs / meanMs, 2)} times what it shows.`,
        'Choose buckets around the target: 0.1, 0.25, 0.5 and 1 s tell whether 200 ms are kept; the default ones do.',
        'Percentiles of several processes come from the sum of their buckets; a mean of percentiles is neither.',
      ],
      code: {
        language: 'ts',
        after: `const duration = new Histogram({ name: 'http_request_duration_seconds', help: 'by route', labelNames: ['route'] })
app.addHook('onResponse', async (request, reply) =>
  duration.observe({ route: request.routeOptions.url ?? 'none' }, reply.elapsedTime / 1_000))`,
      },
    },
  }
}
