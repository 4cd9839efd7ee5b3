import type { CurvePoint, LoadCurveEvidence, LoadStep } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { capacityOf } from '../derive/testing/capacities.ts'
import { describePractice, outcomeOf, stated } from '../derive/testing/describe-practice.ts'
import { after, history } from '../derive/testing/earlier.ts'
import { histogramOf } from '../derive/testing/evidence.ts'
import { invalidGenerator, loadOf, routeLoad } from '../derive/testing/load.ts'
import { latencyVsThroughput } from './latency-vs-throughput.ts'

/** Ten seconds at 60 a second; in second n that many were answered, each after so many milliseconds. */
function seconds(answered: number, latencyMs: (second: number) => number, more: Partial<LoadStep> = {}) {
  const curve: LoadCurveEvidence = loadOf([], {
    offeredRatePerSecond: 60,
    overall: routeLoad(
      'overall',
      Array.from({ length: 600 }, () => 10),
    ),
    intervals: Array.from({ length: 10 }, (_, second) => ({
      atMs: second * 1_000,
      requests: 60,
      errors: 0,
      response: histogramOf(Array.from({ length: answered }, () => latencyMs(second) * 1_000)),
    })),
    ...more,
  })
  return { ...history(), 'load-curve': curve }
}
const growing = (second: number) => 100 + second * 300
const rates = (...rows: (readonly [rate: number, p99Ms: number])[]): CurvePoint[] =>
  rows.map(([offeredPerSecond, p99Ms]) => ({
    concurrency: 1,
    ratePerSecond: offeredPerSecond,
    offeredPerSecond,
    p99Ms,
  }))
const curve = rates([50, 12], [100, 14], [200, 20], [400, 90], [300, 30])

describePractice(latencyVsThroughput, {
  silent: {
    'no curve and no load': history(),
    'as much is answered as is offered': seconds(60, () => 20),
    'all is answered, and slower every second': seconds(60, growing),
    'a twentieth is still under way at the end': seconds(58, growing),
    'less is answered at the same pace: there were fewer requests': seconds(40, () => 20),
    'three times as slow, and still fast': seconds(40, second => 5 + second * 4),
    'a closed model, which lowers its own load': seconds(40, growing, { arrivals: 'closed' }),
    'a rate that rises': seconds(40, growing, { shape: 'ramp' }),
    'a generator that could not keep up': seconds(40, growing, invalidGenerator),
    'a run of a few seconds': seconds(40, growing, { intervals: [] }),
    'a curve': after(capacityOf(340, { curve })),
  },
  reports: {
    'two thirds are answered, and the rest waits': {
      evidence: seconds(40, growing),
      finds: [
        {
          fingerprint: 'latency-vs-throughput|||offered load',
          practice: 'latency-vs-throughput',
          title: '40 of 60 requests/s are answered, and the queue grows: 400 ms at first, 2.20 s at the end',
          where: { resource: 'offered load' },
          facts: [
            stated('offered', 60, 'per-second', 'load-curve'),
            stated('answered while it lasted', 40, 'per-second', 'load-curve'),
            stated('p50 in the first third', expect.closeTo(400, -1), 'ms', 'load-curve'),
            stated('p50 in the last third', expect.closeTo(2_200, -2), 'ms', 'load-curve'),
          ],
          confidence: 'measured',
          risk: 'outage',
          remedy: {
            summary: expect.any(String),
            steps: expect.arrayContaining(['It answers 67 % of what comes, so the wait grows by 333 ms every second.']),
          },
        },
      ],
    },
  },
})

describe('its row of the coverage', () => {
  it.each([
    ['no test', after()],
    ['a test of an older version, without latencies', after(capacityOf(340))],
    ['four rates, one of them twice', after(capacityOf(340, { curve: rates([1, 9], [1, 9], [2, 9], [3, 9], [4, 9]) }))],
    ['a test that could not be trusted', after(capacityOf(340, { curve, verdict: 'invalid' }))],
  ])('says what to type after %s', (_, evidence) => {
    expect(outcomeOf(latencyVsThroughput, evidence)).toMatchObject({
      kind: 'unknown',
      give: "whetstone capacity --slo 'p95 < 200ms' -- <command>",
    })
  })

  it('passes with the ends of the curve and where it bends', () => {
    expect(outcomeOf(latencyVsThroughput, after(capacityOf(340, { curve })))).toMatchObject({
      kind: 'pass',
      note: 'p99 12 ms at 50 requests/s to 90 ms at 400 on 2026-11-20; it bends at 400',
    })
  })
})
