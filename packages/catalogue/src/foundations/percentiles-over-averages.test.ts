import type { DurationMetric, HttpProbeEvidence, LoadCurveEvidence } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import { invalidGenerator, loadOf, routeLoad } from '../derive/testing/load.ts'
import { repeated } from '../derive/testing/profile.ts'
import { percentilesOverAverages } from './percentiles-over-averages.ts'

/** So many of 1,000 requests take a second, the others 10 ms. */
function slow(count: number, of = 1_000): { readonly 'load-curve': LoadCurveEvidence } {
  const route = routeLoad('GET /orders', [...repeated(of - count, 10), ...repeated(count, 1_000)])
  return { 'load-curve': loadOf([route], { overall: route }) }
}
const metrics = (...durations: readonly DurationMetric[]): { readonly 'http-probe': HttpProbeEvidence } => ({
  'http-probe': { schema: 'http-probe@1', probes: [], metrics: { durations } },
})
const mean: DurationMetric = { name: 'http_request_duration_ms_avg', shape: 'mean' }
const buckets: DurationMetric = { name: 'http_request_duration_seconds', shape: 'buckets' }

describePractice(percentilesOverAverages, {
  silent: {
    'no metrics page, and a tail': slow(20),
    'a mean, and no tail': { ...slow(0), ...metrics(mean) },
    'a mean, and a histogram beside it': { ...slow(20), ...metrics(mean, buckets) },
    'a summary with quantiles': { ...slow(20), ...metrics({ name: 'latency', shape: 'quantiles' }) },
    'a mean, and a page without requests': { ...slow(20), ...metrics() },
    'a mean, and one slow request of a thousand': { ...slow(1), ...metrics(mean) },
    'a mean, and too few requests for a tail': { ...slow(4, 100), ...metrics(mean) },
    'a mean, and a generator that could not keep up': {
      'load-curve': loadOf([], { ...invalidGenerator }),
      ...metrics(mean),
    },
  },
  reports: {
    'one in fifty takes a second, and only the mean is told': {
      evidence: { ...slow(20), ...metrics(mean) },
      finds: [
        {
          fingerprint: 'percentiles-over-averages|GET /orders||http_request_duration_ms_avg',
          practice: 'percentiles-over-averages',
          title: expect.stringMatching(/^its metrics show a mean of 30 ms where p99 is 1\.0\d? s$/),
          where: { route: 'GET /orders', resource: 'http_request_duration_ms_avg' },
          facts: [
            stated('mean', 29.8, 'ms', 'load-curve'),
            stated('p50', expect.closeTo(10, 0), 'ms', 'load-curve'),
            stated('p99', expect.closeTo(1_000, -2), 'ms', 'load-curve'),
          ],
          confidence: 'measured',
          remedy: expect.objectContaining({ steps: expect.arrayContaining([expect.stringMatching(/^http_request_/)]) }),
        },
      ],
    },
    'p95, where there are too few requests for p99': {
      evidence: { ...slow(30, 400), ...metrics(mean) },
      finds: [expect.objectContaining({ title: expect.stringMatching(/where p95 is 1\.0/) })],
    },
  },
})

describe('its row of the coverage', () => {
  it('passes on what holds percentiles, and asks about the rest', () => {
    expect(outcomeOf(percentilesOverAverages, { ...slow(20), ...metrics(mean, buckets) })).toMatchObject({
      kind: 'pass',
      note: 'its metrics hold http_request_duration_seconds with buckets',
    })
    expect(outcomeOf(percentilesOverAverages, { ...slow(0), ...metrics(mean) })).toMatchObject({
      kind: 'ask',
      question: 'Its metrics hold only the mean, http_request_duration_ms_avg: who would see a slow percentile?',
    })
    expect(outcomeOf(percentilesOverAverages, slow(20))).toMatchObject({ kind: 'ask' })
  })
})
