import { expect } from 'vitest'
import { describePractice } from '../derive/testing/describe-practice.ts'
import { httpProbe, httpProbesOf } from '../derive/testing/evidence.ts'
import { invalidGenerator, loadOf, routeLoad } from '../derive/testing/load.ts'
import { repeated } from '../derive/testing/profile.ts'
import { errorRate } from './error-rate.ts'

const good = (count: number) => repeated(count, 10)

describePractice(errorRate, {
  silent: {
    'no errors': { 'load-curve': loadOf([routeLoad('GET /orders', good(500))]) },
    'one failure in five hundred, which may be chance': {
      'load-curve': loadOf([routeLoad('GET /orders', good(499), { 500: 1 })]),
    },
    'one 503 of nine requests': { 'load-curve': loadOf([routeLoad('GET /orders', good(8), { 503: 1 })]) },
    'two of nine, on a route that answers well when it is asked alone': {
      'load-curve': loadOf([routeLoad('GET /orders', good(7), { 500: 2 })]),
      'http-probe': httpProbesOf(
        httpProbe('GET /orders', { statusCode: 200 }),
        httpProbe('GET /health', { statusCode: 500 }),
      ),
    },
    'one of each of two rare routes': {
      'load-curve': loadOf([routeLoad('GET /a', good(8), { 503: 1 }), routeLoad('GET /b', good(8), { 503: 1 })]),
    },
    'the only request of a route': { 'load-curve': loadOf([routeLoad('GET /orders', [], { 500: 1 })]) },
    'three in ten thousand': { 'load-curve': loadOf([routeLoad('GET /orders', good(9_997), { 502: 3 })]) },
    'not found is an answer': { 'load-curve': loadOf([routeLoad('GET /orders/:id', good(400), { 404: 100 })]) },
    'too many requests is an answer': { 'load-curve': loadOf([routeLoad('GET /orders/:id', good(400), { 429: 100 })]) },
    'the generator could not keep up': {
      'load-curve': loadOf([routeLoad('GET /orders', good(400), {}, 100)], invalidGenerator),
    },
    'nor were all of its failures answered by the service': {
      'load-curve': loadOf([routeLoad('GET /orders', [], { 500: 17 }, 3)], invalidGenerator),
    },
    'errors during the warm-up': {
      'load-curve': loadOf([routeLoad('GET /orders', good(400), { 500: 100 })], { purpose: 'warm-up' }),
    },
    'nothing was sent': { 'load-curve': loadOf([]) },
    'no load at all': { 'load-curve': { schema: 'load-curve@1', steps: [] } },
  },
  reports: {
    'a service that fails whenever it is asked, by a generator that could not keep up': {
      evidence: { 'load-curve': loadOf([routeLoad('GET /orders', [], { 500: 17 })], invalidGenerator) },
      finds: [expect.objectContaining({ title: '100 % of the requests fail' })],
    },
    'one request in ten fails': {
      evidence: {
        'load-curve': loadOf(
          [routeLoad('GET /orders', good(450), { 500: 40 }, 10), routeLoad('GET /health', good(500))],
          {
            errorsByKind: { timeout: 10, status: 40 },
          },
        ),
      },
      finds: [
        {
          fingerprint: 'error-rate|GET /orders||',
          practice: 'error-rate',
          title: '10 % of the requests fail',
          where: { route: 'GET /orders' },
          facts: [
            {
              label: 'share of requests that fail',
              quantity: {
                value: 0.1,
                unit: 'fraction',
                low: expect.closeTo(0.0751, 3) as number,
                high: expect.closeTo(0.1297, 3) as number,
              },
              evidence: { kind: 'load-curve' },
            },
            { label: 'failed requests', quantity: { value: 50, unit: 'count' }, evidence: { kind: 'load-curve' } },
            { label: 'answered 500', quantity: { value: 40, unit: 'count' }, evidence: { kind: 'load-curve' } },
          ],
          confidence: 'measured',
          risk: 'outage',
          remedy: {
            summary: 'Find the exception behind the 5xx.',
            steps: [
              'Failures: 40 × 500, 10 without an answer (40 × status, 10 × timeout).',
              'Its latency figures hold only the requests that succeeded.',
            ],
          },
        },
      ],
    },
    'a few on every route, many in all': {
      evidence: {
        'load-curve': loadOf(Array.from({ length: 40 }, (_, at) => routeLoad(`GET /r${at}`, good(100), {}, 1))),
      },
      finds: [
        expect.objectContaining({
          where: { resource: 'all routes' },
          title: expect.stringContaining('spread over the routes'),
        }),
      ],
    },
    'every route fails, which is one cause': {
      evidence: {
        'load-curve': loadOf([routeLoad('GET /a', good(80), {}, 20), routeLoad('GET /b', good(80), {}, 20)], {
          errorsByKind: { timeout: 40 },
        }),
      },
      finds: [
        expect.objectContaining({
          title: '20 % of the requests fail, spread over the routes',
          remedy: expect.objectContaining({
            steps: ['Failures: 40 × timeout.', 'Most fail on GET /a (20 of 100), GET /b (20 of 100).'],
          }),
        }),
      ],
    },
    'an overload that refuses twelve routes, and eight more that were hardly asked': {
      evidence: {
        'load-curve': loadOf(
          [
            ...Array.from({ length: 12 }, (_, at) => routeLoad(`GET /often/${at}`, good(20), { 503: 80 + at })),
            ...Array.from({ length: 8 }, (_, at) => routeLoad(`GET /rare/${at}`, good(3), { 503: 1 })),
            ...Array.from({ length: 8 }, (_, at) => routeLoad(`GET /good/${at}`, good(5))),
          ],
          { errorsByKind: { 'http-503': 1_034 } },
        ),
      },
      finds: [
        expect.objectContaining({
          where: { resource: 'all routes' },
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([
              'Most fail on GET /often/11 (91 of 111), GET /often/10 (90 of 110), GET /often/9 (89 of 109), GET /often/8 (88 of 108), GET /often/7 (87 of 107), and on 7 more.',
            ]),
          }),
        }),
      ],
    },
    'a rare route that fails every time': {
      evidence: { 'load-curve': loadOf([routeLoad('GET /a', [], { 500: 2 }), routeLoad('GET /b', good(500))]) },
      finds: [expect.objectContaining({ where: { route: 'GET /a' }, title: '100 % of the requests fail' })],
    },
    'a rare route that fails when it is asked alone as well': {
      evidence: {
        'load-curve': loadOf([routeLoad('GET /a', good(8), { 500: 1 }), routeLoad('GET /b', good(500))]),
        'http-probe': httpProbesOf(httpProbe('GET /a', { statusCode: 500, message: 'relation "a" does not exist' })),
      },
      finds: [expect.objectContaining({ where: { route: 'GET /a' } })],
    },
    'a database that is gone: some routes say 503, some never answer, and one has a fault of its own': {
      evidence: {
        'load-curve': loadOf([
          routeLoad('GET /a', good(80), {}, 20),
          routeLoad('GET /b', good(80), { 503: 20 }),
          routeLoad('GET /c', good(80), { 502: 11 }, 9),
          routeLoad('GET /d', good(80), { 500: 20 }),
        ]),
      },
      finds: [
        expect.objectContaining({ where: { resource: 'all routes' } }),
        expect.objectContaining({ where: { route: 'GET /d' } }),
      ],
    },
    'two routes that fail each in its own way': {
      evidence: {
        'load-curve': loadOf(
          [
            { ...routeLoad('GET /open', [], { 500: 44 }), errorsByKind: { 'http-500': 44 } },
            { ...routeLoad('GET /latest', good(8), {}, 17), errorsByKind: { timeout: 17 } },
            routeLoad('GET /customers', good(30)),
          ],
          { errorsByKind: { 'http-500': 44, timeout: 17 } },
        ),
      },
      finds: [
        expect.objectContaining({ where: { route: 'GET /open' }, title: '100 % of the requests fail' }),
        expect.objectContaining({
          where: { route: 'GET /latest' },
          remedy: expect.objectContaining({
            steps: expect.arrayContaining(['Failures: 17 without an answer (17 × timeout).']),
          }),
        }),
      ],
    },
    'a route that says what is wrong when it is asked alone': {
      evidence: {
        'load-curve': loadOf([routeLoad('GET /totals', [], { 500: 50 }), routeLoad('GET /health', good(500))]),
        'http-probe': httpProbesOf(
          httpProbe('GET /health', { statusCode: 500, message: 'of another route' }),
          httpProbe('GET /totals', { statusCode: 404, message: 'an answer' }),
          httpProbe('GET /totals', { statusCode: 500, message: 'relation "totals" does not exist' }),
        ),
      },
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({
            steps: [
              'Failures: 50 × 500.',
              'GET /totals, asked alone, answered 500: "relation "totals" does not exist".',
              'Its latency figures hold only the requests that succeeded.',
            ],
          }),
        }),
      ],
    },
    'load is shed with 503': {
      evidence: { 'load-curve': loadOf([routeLoad('GET /orders', good(300), { 503: 200 })]) },
      finds: [
        expect.objectContaining({
          remedy: expect.objectContaining({
            steps: expect.arrayContaining([expect.stringContaining('the service sheds load')]),
          }),
        }),
      ],
    },
  },
})
