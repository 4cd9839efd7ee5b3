/** Test support: a load test of two routes with round figures, to show and to judge. */
import type { LoadReport, LoadStep, RouteLoad, SerializedHistogram } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

/** So many values, evenly spread between two times. */
export function spread(count: number, lowMs: number, highMs: number): SerializedHistogram {
  const histogram = new Histogram()
  for (let at = 0; at < count; at++)
    histogram.record((lowMs + ((highMs - lowMs) * at) / Math.max(1, count - 1)) * 1_000)
  return histogram.toJSON()
}

const items = spread(2_900, 1, 40)
const search = spread(1_000, 5, 90)

function route(name: string, response: SerializedHistogram, errors: Readonly<Record<string, number>>): RouteLoad {
  const failed = Object.values(errors).reduce((sum, count) => sum + count, 0)
  return {
    route: name,
    requests: response.count + failed,
    errors: failed,
    response,
    service: response,
    responseByStatusClass: { '2xx': response, ...(failed > 0 ? { '5xx': spread(failed, 1, 2) } : {}) },
    statusCounts: { '200': response.count, ...errors },
    meanBodyBytes: 120,
    maxBodyBytes: 400,
  }
}

export const exampleStep: LoadStep = {
  purpose: 'measure',
  startedAt: '2026-11-21T10:42:10.000Z',
  offeredRatePerSecond: 200,
  achievedRatePerSecond: 199.8,
  durationMs: 20_000,
  arrivals: 'poisson',
  sent: 4_000,
  completed: 4_000,
  errors: 100,
  errorsByKind: { 'http-503': 98, timeout: 2 },
  routes: [route('GET /items', items, {}), route('POST /search', search, { '503': 100 })],
  overall: { requests: 4_000, errors: 100, response: spread(3_900, 1, 80), service: spread(3_900, 1, 70) },
  intervals: [],
  lag: spread(4_000, 0.05, 0.3),
  connectionWait: spread(4_000, 0, 0.01),
  checks: [
    { name: 'status is 200', route: 'GET /items', passes: 2_900, fails: 0 },
    { name: 'the list is not empty', route: 'POST /search', passes: 990, fails: 10 },
  ],
  generator: {
    verdict: 'healthy',
    reasons: [],
    lagP50Ms: 0.08,
    lagP99Ms: 0.29,
    lagMaxMs: 0.3,
    cpuFraction: 0.18,
    connectionWaitP99Ms: 0.01,
    loopDelayP99Ms: 1,
  },
}

export const exampleLoad: LoadReport = {
  schema: 'whetstone/load@1',
  kind: 'load',
  run: {
    id: '2026-11-21-10-42-07-4d20',
    startedAt: '2026-11-21T10:42:07.000Z',
    durationMs: 24_000,
    command: 'whetstone load http://127.0.0.1:3000',
    tool: 'whetstone test',
    node: 'v20.19.5',
    machine: '2 cores',
    seed: 1,
  },
  target: { name: 'http://127.0.0.1:3000', url: 'http://127.0.0.1:3000' },
  scenario: { name: 'requests', source: 'requests' },
  steps: [exampleStep],
  thresholds: [],
  stopped: 'finished',
  verdict: 'pass',
  exitCode: 0,
  warnings: [],
}
