/** Which routes answer slower than people wait without noticing. */
import { definePractice, type Finding, findings, fingerprintOf, pass, type RouteLoad, unknown } from '@whetstone/model'
import { Histogram, histogramQuantileInterval } from '@whetstone/stats'
import { fact, msText, percentText } from '../derive/figures.ts'
import { measuredStep } from '../derive/load.ts'
import { type TimeShare, timeShares } from '../derive/time-shares.ts'

export const responseTimeTarget = definePractice({
  id: 'response-time-target',
  chapter: 'foundations',
  title: 'Keep user-facing responses under target (200 ms)',
  why: 'Up to about 200 ms an answer feels immediate; a target per route turns "slow" into a number that a change can be held against.',
  unless: [
    'Nobody waits for the route: exports, webhooks, jobs. Give it a target of its own.',
    'The measured load is far above what the service will ever see.',
  ],
  sources: [
    'https://www.nngroup.com/articles/response-times-3-important-limits/',
    'https://developer.chrome.com/docs/lighthouse/performance/time-to-first-byte',
    'https://sre.google/sre-book/service-level-objectives/',
  ],
  needs: ['load-curve'],
  optional: ['traces'],
  thresholds: {
    p95Ms: { value: 200, unit: 'ms', source: 'the roadmap: user-facing answers under 200 ms' },
    requests: { value: 60, unit: 'count', source: 'below it the interval of a p95 has no upper end' },
  },
  remedy: {
    summary: 'Take the findings on the route in the order of the milliseconds they return.',
    example: {
      language: 'ts',
      before: `// "it feels slow"`,
      after: `export default { budgets: { 'GET /orders': { p95: '200ms' } } } // whetstone.config.ts`,
    },
  },
  detect({ 'load-curve': curve, traces }, thresholds) {
    const step = measuredStep(curve)
    if (!step)
      return unknown(
        ['load-curve'],
        'the load generator could not keep up, so latencies are not to be trusted',
        'a lower --rate',
      )
    const judged = step.routes.flatMap(load => {
      const reading = read(load, thresholds.p95Ms)
      return reading && reading.requests >= thresholds.requests ? [reading] : []
    })
    if (judged.length === 0)
      return unknown(['load-curve'], `no route answered ${thresholds.requests} times`, 'a longer --duration')
    // The whole interval must lie above: a route on the edge is not called slow by chance.
    const slow = judged.filter(({ lowMs }) => lowMs > thresholds.p95Ms)
    if (slow.length > 0)
      return findings(
        slow.map(reading => describe(reading, thresholds.p95Ms, traces ? timeShares(traces, reading.route) : [])),
      )
    const slowest = judged.reduce((a, b) => (b.p95Ms > a.p95Ms ? b : a))
    return pass(
      [fact('highest p95 of a route', slowest.p95Ms, 'ms', 'load-curve')],
      slowest.p95Ms <= thresholds.p95Ms
        ? `every route under ${msText(thresholds.p95Ms)} at p95; slowest ${slowest.route}, ${msText(slowest.p95Ms)}`
        : `no route surely above ${msText(thresholds.p95Ms)} at p95; ${slowest.route} showed ${msText(slowest.p95Ms)}, at least ${msText(slowest.lowMs)}`,
    )
  },
})

interface Reading {
  readonly route: string
  readonly requests: number
  readonly p95Ms: number
  readonly lowMs: number
  readonly highMs: number
  readonly overFraction: number
}

/** Undefined for a route without good answers; errors are not in the histogram, so a fast error cannot look like a fast answer. */
function read({ route, response }: RouteLoad, targetMs: number): Reading | undefined {
  if (response.count === 0) return undefined
  const histogram = Histogram.fromJSON(response)
  const { estimate, low, high } = histogramQuantileInterval(histogram, 0.95)
  return {
    route,
    requests: histogram.count,
    p95Ms: estimate / 1_000,
    lowMs: low / 1_000,
    highMs: high / 1_000,
    overFraction: histogram.countAbove(targetMs * 1_000) / histogram.count,
  }
}

function describe(reading: Reading, targetMs: number, shares: readonly TimeShare[]): Finding {
  const { route, p95Ms, lowMs, highMs, overFraction, requests } = reading
  const where = { route }
  const p95 = fact('p95', p95Ms, 'ms', 'load-curve')
  const [top] = shares
  return {
    fingerprint: fingerprintOf('response-time-target', where),
    practice: 'response-time-target',
    title: `p95 of ${msText(p95Ms)}, over the target of ${msText(targetMs)}`,
    where,
    facts: [
      { ...p95, quantity: { ...p95.quantity, low: lowMs, high: highMs } },
      fact('requests over the target', overFraction, 'fraction', 'load-curve'),
      fact('requests', requests, 'count', 'load-curve'),
      ...(top ? [fact(`time in ${top.component}`, top.fraction, 'fraction', 'traces')] : []),
    ],
    confidence: 'measured',
    remedy: {
      summary: 'Take the findings on this route first.',
      steps: [
        ...(shares.length > 0
          ? [
              `Its time goes to ${shares
                .slice(0, 3)
                .map(({ component, fraction }) => `${component} (${percentText(fraction)})`)
                .join(', ')}.`,
            ]
          : []),
        `${percentText(overFraction)} of its requests take longer than ${msText(targetMs)}.`,
        'Where nobody waits for this route, give it a target of its own in whetstone.config.ts.',
      ],
    },
  }
}
