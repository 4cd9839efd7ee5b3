/** Load curves and run conditions for tables of cases. */
import type { HistoryEvidence, LoadCurveEvidence, LoadStep, RouteLoad, RunConditions } from '@whetstone/model'
import { histogramOf } from './evidence.ts'

/** `latenciesMs` are those of the good answers; errors come on top. */
export function routeLoad(
  route: string,
  latenciesMs: readonly number[],
  statusCounts: Readonly<Record<string, number>> = {},
  unanswered = 0,
): RouteLoad {
  const microseconds = histogramOf(latenciesMs.map(ms => ms * 1_000))
  const failed = Object.entries(statusCounts).reduce((sum, [code, count]) => sum + (Number(code) >= 500 ? count : 0), 0)
  return {
    route,
    requests: latenciesMs.length + failed + unanswered,
    errors: failed + unanswered,
    response: microseconds,
    service: microseconds,
    statusCounts: { 200: latenciesMs.length, ...statusCounts },
    meanBodyBytes: 1_000,
    maxBodyBytes: 2_000,
  }
}

export function loadOf(routes: readonly RouteLoad[], more: Partial<LoadStep> = {}): LoadCurveEvidence {
  const requests = routes.reduce((sum, load) => sum + load.requests, 0)
  const errors = routes.reduce((sum, load) => sum + load.errors, 0)
  const all = histogramOf([])
  return {
    schema: 'load-curve@1',
    steps: [
      {
        purpose: 'measure',
        startedAt: '2026-01-01T00:00:00Z',
        offeredRatePerSecond: 100,
        achievedRatePerSecond: 100,
        durationMs: 10_000,
        arrivals: 'poisson',
        sent: requests,
        completed: requests - errors,
        errors,
        errorsByKind: {},
        routes,
        overall: { requests, errors, response: all, service: all },
        intervals: [],
        generator: { verdict: 'healthy', reasons: [], lagP50Ms: 0.1, lagP99Ms: 0.5, lagMaxMs: 2, cpuFraction: 0.1 },
        ...more,
      },
    ],
  }
}

export const invalidGenerator: Partial<LoadStep> = {
  generator: { verdict: 'invalid', reasons: ['late'], lagP50Ms: 50, lagP99Ms: 500, lagMaxMs: 900, cpuFraction: 1 },
}

export const historyOf = (more: Partial<RunConditions> = {}): HistoryEvidence => ({
  schema: 'history@1',
  conditions: {
    warmUpMs: 3_000,
    measuredMs: 10_000,
    requests: 1_000,
    generatorVerdict: 'healthy',
    stealFraction: 0,
    ...more,
  },
  earlier: [],
})
