import type { TracesEvidence } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import { query, times, trace, tracesOf } from '../derive/testing/evidence.ts'
import { invalidGenerator, loadOf, routeLoad } from '../derive/testing/load.ts'
import { repeated, secondsOf } from '../derive/testing/profile.ts'
import { resourceEfficiency } from './resource-efficiency.ts'

/** Fifty requests of each route with one query of 2 ms, and so many milliseconds beside it. */
const costing = (ownMs: Readonly<Record<string, number>>, queries = 1): TracesEvidence =>
  tracesOf(
    Object.entries(ownMs).flatMap(([route, ms]) =>
      times(
        50,
        trace(
          route,
          ms + 2 * queries,
          Array.from({ length: queries }, (_, at) => query(`q${at}`, 0, 2)),
        ),
      ),
    ),
  )
/** Ten seconds, so much CPU in each. */
const cpu = (msPerSecond: number) => secondsOf(repeated(10, { cpuUserMs: msPerSecond, cpuSystemMs: 0 }))
const load = loadOf([routeLoad('GET /a', repeated(100, 5))])
const heavy = costing({ 'GET /a': 2, 'GET /b': 2, 'GET /c': 3, 'GET /report': 30 })

describePractice(resourceEfficiency, {
  silent: {
    'nothing was answered': { runtime: secondsOf(repeated(3, { requests: 0 })), 'load-curve': load },
    'the generator could not keep up': {
      runtime: cpu(185),
      traces: heavy,
      'load-curve': loadOf([routeLoad('GET /a', [5])], invalidGenerator),
    },
    'nothing is known of the routes': { runtime: cpu(185), 'load-curve': load },
    'all routes cost about the same': {
      runtime: cpu(50),
      traces: costing({ 'GET /a': 2, 'GET /b': 2, 'GET /c': 3, 'GET /d': 4 }),
      'load-curve': load,
    },
    'one costs more, and so little that nobody cares': {
      runtime: cpu(35),
      traces: costing({ 'GET /a': 0.5, 'GET /b': 0.5, 'GET /c': 0.5, 'GET /d': 4 }),
      'load-curve': load,
    },
    'one that costs more has nothing like it': {
      runtime: cpu(185),
      traces: costing({ 'GET /a': 2, 'GET /report': 30 }),
      'load-curve': load,
    },
    'the long one asks more queries than the others': {
      runtime: cpu(185),
      traces: (() => {
        const [short, long] = [costing({ 'GET /a': 2, 'GET /b': 2, 'GET /c': 2 }), costing({ 'GET /report': 30 }, 9)]
        return { ...short, routes: [...short.routes, ...long.routes] }
      })(),
      'load-curve': load,
    },
    'its time is no CPU: it waits for itself': { runtime: cpu(40), traces: heavy, 'load-curve': load },
    'a heavy route that is hardly asked for': {
      runtime: cpu(75),
      traces: tracesOf([
        ...['GET /a', 'GET /b', 'GET /c'].flatMap(route => times(500, trace(route, 4, [query('q', 0, 2)]))),
        ...times(20, trace('GET /report', 32, [query('q', 0, 2)])),
      ]),
      'load-curve': load,
    },
  },
  reports: {
    'one route of four with one query each': {
      evidence: { runtime: cpu(185), traces: heavy, 'load-curve': load },
      finds: [
        {
          fingerprint: 'resource-efficiency|GET /report||',
          practice: 'resource-efficiency',
          title: '30 ms of CPU per request, where routes with as many queries take 2.0 ms',
          where: { route: 'GET /report' },
          facts: expect.arrayContaining([
            stated('CPU per request of the route', 30, 'ms', 'traces'),
            stated('median of its like', 2, 'ms', 'traces'),
          ]),
          confidence: 'suspected',
          remedy: {
            summary: 'See what this route computes that its like do not.',
            steps: expect.arrayContaining(['Held against GET /a, GET /b, GET /c, with 1 query each.']),
          },
        },
      ],
    },
  },
})

describe('its row of the coverage', () => {
  const evidence = { runtime: cpu(180), 'load-curve': load }

  it('says what a million requests take', () => {
    // 180 ms a second for 50 requests: 3.6 ms each, one core hour for a million.
    expect(outcomeOf(resourceEfficiency, evidence)).toMatchObject({
      kind: 'pass',
      note: '3.6 ms of CPU per request, 1 core hours per million',
    })
  })

  it('puts money and energy on it where prices are told', () => {
    const prices = { perCoreHour: 0.04, perGigabyteHour: 0.005, wattsPerCore: 12 }
    // At 100/s a million requests hold 90 MB for 2.78 hours: 0.00125.
    expect(outcomeOf(resourceEfficiency, evidence, prices)).toMatchObject({
      kind: 'pass',
      note: '3.6 ms of CPU per request, 1 core hours per million, cost 0.0413, 12 Wh',
      because: expect.arrayContaining([
        expect.objectContaining({
          label: 'energy per million requests',
          quantity: { value: 12, unit: 'watt-hours' },
        }),
      ]),
    })
  })
})
