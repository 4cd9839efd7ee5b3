/** What becomes evidence of what a tool says and what was seen inside. */
import type { RouteAggregate, Trace, TracesEvidence } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { describe, expect, it } from 'vitest'
import { quantileMs } from '../quantiles.ts'
import { stepOf } from './load-step.ts'
import { seenWorkload } from './seen-workload.ts'
import type { ToolReading, ToolSample } from './tool-reading.ts'

const base: ToolReading = { tool: 'ab', requests: 0, errorsByKind: {}, samples: [], printed: [], notes: [] }
const closed = { ...base, hides: 'it waits' }
const sample = (atMs: number, durationMs: number, more: Partial<ToolSample> = {}): ToolSample => ({
  atMs,
  durationMs,
  method: 'GET',
  target: 'http://a.test/orders/7?x=1',
  status: 200,
  ...more,
})

function traces(requests: number, durationMs: number): TracesEvidence {
  const duration = new Histogram()
  duration.record(durationMs * 1_000, requests)
  const route: Partial<RouteAggregate> = {
    route: 'GET /orders/:orderId',
    requests,
    errors: 2,
    duration: duration.toJSON(),
    responseBytes: requests * 100,
  }
  const trace: Partial<Trace> = {
    route: 'GET /orders/:orderId',
    url: '/orders/7?x=1',
    statusCode: 200,
    responseBytes: 180,
  }
  return {
    schema: 'traces@1',
    source: 'probe',
    routes: [route as RouteAggregate],
    traces: [trace as Trace, { ...trace, route: 'POST /orders', url: '/orders' } as Trace],
    dropped: 0,
  }
}
const context = { startedAt: '2026-11-21T02:00:00.000Z', elapsedMs: 10_000, cpuFraction: 0.2, traces: undefined }

describe('a step', () => {
  it('of samples knows routes, seconds, kinds of errors and status classes', () => {
    const samples = [
      sample(1_000, 100),
      sample(1_500, 300, { target: '/orders/8', bytes: 200 }),
      sample(2_500, 50, { status: 503 }),
      sample(3_000, 1_000, { status: 0, error: 'timeout' }),
      sample(3_100, 10, { target: 'the label', status: 404 }),
    ]
    const read = stepOf({ ...closed, samples, requests: 5, users: 4 }, { ...context, traces: traces(4, 9) })
    expect(read?.step).toMatchObject({
      arrivals: 'closed',
      users: 4,
      startedAt: '1970-01-01T00:00:01.000Z',
      durationMs: 3_000,
      sent: 5,
      completed: 4,
      errors: 2,
      errorsByKind: { 'http-503': 1, timeout: 1 },
      generator: {
        verdict: 'degraded',
        reasons: ['ab hides late starts: it waits; without --load the schedule is kept'],
      },
    })
    expect(
      read?.step.routes.map(({ route, requests, errors, statusCounts }) => [route, requests, errors, statusCounts]),
    ).toEqual([
      ['GET /orders/:orderId', 4, 2, { 200: 2, 503: 1 }],
      ['the label', 1, 0, { 404: 1 }],
    ])
    expect(read?.step.intervals.map(({ atMs, requests, errors }) => [atMs, requests, errors])).toEqual([
      [0, 2, 0],
      [1_000, 1, 1],
      [2_000, 1, 0],
      [3_000, 1, 1],
    ])
    expect(quantileMs(read!.step.overall.response, 1)).toBe(300)
  })

  it('of sums takes its latencies from inside the service, and says so', () => {
    const read = stepOf(
      {
        ...closed,
        requests: 1_000,
        durationMs: 5_000,
        errorsByKind: { connect: 3, 'http-not-2xx': 2 },
        printed: [{ quantile: 0.5, ms: 4.2 }],
      },
      { ...context, traces: traces(990, 20) },
    )
    expect(read?.step).toMatchObject({
      offeredRatePerSecond: 200,
      sent: 1_000,
      completed: 990,
      errorsByKind: { connect: 3, 'http-5xx': 2 },
      routes: [{ route: 'GET /orders/:orderId', requests: 990, errors: 2, meanBodyBytes: 100, maxBodyBytes: 180 }],
      intervals: [],
    })
    expect(quantileMs(read!.step.overall.response, 0.5)).toBe(20)
    expect(read?.warnings).toEqual([
      'ab itself printed p50 4.2 ms',
      'latencies are those of the service itself, seen inside it for 990 requests: waiting on the way to it is not in them, for ab writes down no single request',
    ])
  })

  it('of sums that the service does not confirm warns of it', () => {
    const read = stepOf({ ...closed, requests: 10_000 }, { ...context, traces: traces(500, 20) })
    expect(read?.warnings).toContain(
      'ab counted 10000 requests and the service 500: some never reached it, or were not seen',
    )
  })

  it('of an open model with its distribution is healthy', () => {
    const spectrum = new Histogram()
    spectrum.record(5_000, 100)
    const read = stepOf({ ...base, tool: 'wrk2', requests: 100, spectrum }, context)
    expect(read?.step).toMatchObject({
      arrivals: 'uniform',
      generator: { verdict: 'healthy', reasons: [] },
      routes: [],
    })
    expect(quantileMs(read!.step.overall.response, 0.5)).toBe(5)
  })

  it('of a tool that nobody knows is what was seen inside, and degraded', () => {
    expect(stepOf(undefined, { ...context, traces: traces(10, 1) })?.step).toMatchObject({
      sent: 10,
      durationMs: 10_000,
      generator: { verdict: 'degraded' },
    })
  })

  it('is none when nothing tells how long requests took', () => {
    expect(stepOf({ ...closed, requests: 10 }, context)).toBeUndefined()
    expect(stepOf(undefined, { ...context, traces: traces(0, 1) })).toBeUndefined()
  })
})

describe('the workload that was seen', () => {
  it('holds the reads, with what was asked for', () => {
    expect(seenWorkload(traces(10, 1), 'http://127.0.0.1:1', []).routes).toEqual([
      { route: 'GET /orders/:orderId', weight: 10, requests: [{ method: 'GET', path: '/orders/7?x=1', headers: {} }] },
    ])
  })

  it('is what the command names where nothing was seen', () => {
    expect(seenWorkload(undefined, 'http://127.0.0.1:1', ['/orders/7?x=1']).routes).toMatchObject([
      { route: 'GET /orders/:id', requests: [{ path: '/orders/7?x=1' }] },
    ])
  })
})
