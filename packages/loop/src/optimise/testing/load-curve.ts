/** A load curve of one measured step, by what is said of its generator. */
import type { GeneratorHealth, LoadCurveEvidence } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

export function loadCurveOf(verdict: GeneratorHealth['verdict']): LoadCurveEvidence {
  const empty = new Histogram().toJSON()
  const response = { ...empty, min: 0, max: 0 }
  return {
    schema: 'load-curve@1',
    steps: [
      {
        purpose: 'measure',
        startedAt: '2026-01-01T00:00:00Z',
        offeredRatePerSecond: 10,
        achievedRatePerSecond: 10,
        durationMs: 1_000,
        arrivals: 'poisson',
        sent: 10,
        completed: 10,
        errors: 0,
        errorsByKind: {},
        routes: [],
        overall: { requests: 10, errors: 0, response, service: response },
        intervals: [],
        generator: { verdict, reasons: [], lagP50Ms: 0, lagP99Ms: 200, lagMaxMs: 900, cpuFraction: 1 },
      },
    ],
  }
}
