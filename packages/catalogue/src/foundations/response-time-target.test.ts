import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { query, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { invalidGenerator, loadOf, routeLoad } from '../derive/testing/load.ts'
import { repeated } from '../derive/testing/profile.ts'
import { responseTimeTarget } from './response-time-target.ts'

const slow = [...repeated(100, 90), ...repeated(100, 300)]

describePractice(responseTimeTarget, {
  silent: {
    'fast routes': {
      'load-curve': loadOf([routeLoad('GET /orders', repeated(200, 20)), routeLoad('GET /health', repeated(200, 1))]),
    },
    'a slow tail of one in fifty': {
      'load-curve': loadOf([routeLoad('GET /orders', [...repeated(490, 20), ...repeated(10, 900)])]),
    },
    'on the edge, where chance decides': {
      'load-curve': loadOf([routeLoad('GET /orders', [...repeated(188, 150), ...repeated(12, 230)])]),
    },
    'too few requests to tell': { 'load-curve': loadOf([routeLoad('GET /orders', repeated(20, 900))]) },
    'only errors, however slow': { 'load-curve': loadOf([routeLoad('GET /orders', [], { 500: 200 })]) },
    'the generator could not keep up': { 'load-curve': loadOf([routeLoad('GET /orders', slow)], invalidGenerator) },
    'only the warm-up was slow': { 'load-curve': loadOf([routeLoad('GET /orders', slow)], { purpose: 'warm-up' }) },
    'no load at all': { 'load-curve': { schema: 'load-curve@1', steps: [] } },
  },
  reports: {
    'half of the requests are slow, and the database is why': {
      evidence: {
        'load-curve': loadOf([routeLoad('GET /orders', slow), routeLoad('GET /health', repeated(200, 1))]),
        traces: tracesOf(times(10, trace('GET /orders', 200, [query('items', 1, 150)]))),
      },
      finds: [
        {
          fingerprint: 'response-time-target|GET /orders||',
          practice: 'response-time-target',
          title: 'p95 of 300 ms, over the target of 200 ms',
          where: { route: 'GET /orders' },
          facts: [
            {
              label: 'p95',
              quantity: {
                value: expect.closeTo(300, 0) as number,
                unit: 'ms',
                low: expect.closeTo(300, 0) as number,
                high: expect.closeTo(300, 0) as number,
              },
              evidence: { kind: 'load-curve' },
            },
            {
              label: 'requests over the target',
              quantity: { value: 0.5, unit: 'fraction' },
              evidence: { kind: 'load-curve' },
            },
            { label: 'requests', quantity: { value: 200, unit: 'count' }, evidence: { kind: 'load-curve' } },
            { label: 'time in database', quantity: { value: 0.75, unit: 'fraction' }, evidence: { kind: 'traces' } },
          ],
          confidence: 'measured',
          remedy: {
            summary: 'Take the findings on this route first.',
            steps: expect.arrayContaining(['Its time goes to database (75 %), the service itself (25 %).']),
          },
        },
      ],
    },
    'a stricter target': {
      evidence: { 'load-curve': loadOf([routeLoad('GET /search', repeated(100, 90))]) },
      thresholds: { p95Ms: 50 },
      finds: [expect.objectContaining({ title: 'p95 of 90 ms, over the target of 50 ms' })],
    },
  },
})
