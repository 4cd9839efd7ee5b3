/** What arrives at a receiver of remote write, read with a description of the protocol that is not ours. */
import { Histogram } from '@whetstone/stats'
import protobuf from 'protobufjs'
import { uncompress } from 'snappyjs'
import { afterEach, describe, expect, it } from 'vitest'
import { openOutputs } from './open.ts'
import { contextIn, madeReport } from './testing/made-report.ts'
import { type Received, type Receiver, receiver } from './testing/receiver.ts'

const { root } = protobuf.parse(`
  syntax = "proto3";
  message Request { repeated Series timeseries = 1; }
  message Series { repeated Label labels = 1; repeated Sample samples = 2; }
  message Label { string name = 1; string value = 2; }
  message Sample { double value = 1; int64 timestamp = 2; }
`)

interface Decoded {
  readonly timeseries: readonly {
    readonly labels: readonly { readonly name: string; readonly value: string }[]
    readonly samples: readonly { readonly value: number; readonly timestamp: number }[]
  }[]
}

function decoded({ body }: Received): Decoded {
  const type = root.lookupType('Request')
  return type.toObject(type.decode(uncompress(body)), { longs: Number, arrays: true, defaults: true }) as Decoded
}

/** Value of each series in a write, by its labels without those that all have. */
function values(received: Received): ReadonlyMap<string, number> {
  return new Map(
    decoded(received).timeseries.map(({ labels, samples }) => {
      expect(samples).toHaveLength(1)
      expect(labels.map(label => label.name)).toEqual(labels.map(label => label.name).toSorted())
      const own = labels.filter(({ name }) => !['job', 'run', 'scenario', 'target'].includes(name))
      return [own.map(({ value }) => value).join(' '), samples[0]!.value] as const
    }),
  )
}

const opened: Receiver[] = []
const started = async (...given: Parameters<typeof receiver>) => {
  const one = await receiver(...given)
  opened.push(one)
  return one
}
afterEach(async () => {
  await Promise.all(opened.splice(0).map(one => one.close()))
})

describe('prometheus', () => {
  it('is sent every interval as it completes, and ends on exactly what the report counts', async () => {
    const { url, accepted } = await started()
    const report = madeReport()
    const output = openOutputs([`prometheus=${url}`])
    for (const step of report.steps)
      for (const interval of step.intervals) output.interval(interval, contextIn(report, step))
    expect(await output.finish(report)).toEqual([])

    expect(accepted).toHaveLength(8)
    expect(accepted[0]).toMatchObject({
      path: '/api/v1/write',
      headers: {
        'content-type': 'application/x-protobuf',
        'content-encoding': 'snappy',
        'x-prometheus-remote-write-version': '0.1.0',
      },
    })
    const last = values(accepted.at(-1)!)
    const measure = report.steps[1]!
    for (const route of measure.routes) {
      let requests = 0
      for (const [statusClass, json] of Object.entries(route.responseByStatusClass!)) {
        const response = Histogram.fromJSON(json)
        const of = (name: string, le = '') =>
          last.get([`whetstone_load_${name}`, le, 'measure', route.route, statusClass].filter(Boolean).join(' '))
        expect(of('response_seconds_count')).toBe(response.count)
        expect(of('response_seconds_sum')).toBeCloseTo(response.sum / 1e6, 9)
        expect(of('response_seconds_bucket', '+Inf')).toBe(response.count)
        for (const le of ['0.00025', '0.001', '0.01', '0.5', '1', '30'])
          expect(of('response_seconds_bucket', le)).toBe(response.count - response.countAbove(Number(le) * 1e6))
        requests += of('requests_total')!
      }
      requests += last.get(`whetstone_load_requests_total measure ${route.route} error`) ?? 0
      expect(requests).toBe(route.requests)
    }
    const errors = [...last].filter(([name]) => name.startsWith('whetstone_load_errors_total measure'))
    expect(errors.reduce((sum, [, value]) => sum + value, 0)).toBe(measure.errors)
  })

  it('tells rates, percentiles and lag of each interval, at its end', async () => {
    const { url, accepted } = await started()
    const report = madeReport()
    const output = openOutputs([`prometheus=${url}`])
    const [, measure] = report.steps
    for (const interval of measure!.intervals) output.interval(interval, contextIn(report, measure!))
    await output.finish({ ...report, steps: [measure!] })
    const of = (write: number) =>
      Object.fromEntries([...values(accepted[write]!)].filter(([name]) => /quantile|rate/.test(name)))
    expect(of(1)).toMatchInlineSnapshot(`
      {
        "whetstone_load_lag_quantile_seconds measure 0.5": 0.0001,
        "whetstone_load_lag_quantile_seconds measure 0.95": 0.0001,
        "whetstone_load_lag_quantile_seconds measure 0.99": 0.0001,
        "whetstone_load_rate_per_second measure": 100,
        "whetstone_load_rate_per_second measure GET /orders": 100,
        "whetstone_load_response_quantile_seconds measure 0.5": 0.01,
        "whetstone_load_response_quantile_seconds measure 0.5 GET /orders": 0.01,
        "whetstone_load_response_quantile_seconds measure 0.95": 0.01,
        "whetstone_load_response_quantile_seconds measure 0.95 GET /orders": 0.01,
        "whetstone_load_response_quantile_seconds measure 0.99": 0.01,
        "whetstone_load_response_quantile_seconds measure 0.99 GET /orders": 0.01,
      }
    `)
    expect(of(2)).toEqual({ 'whetstone_load_rate_per_second measure': 0 })
    const times = accepted.map(one => new Set(decoded(one).timeseries.map(({ samples }) => samples[0]!.timestamp)))
    const startMs = Date.parse(measure!.startedAt)
    expect(times.map(each => [...each])).toEqual([1000, 2000, 3000, 4000, 5000, 5001].map(ms => [startMs + ms]))
  })

  it('sends all intervals at the end when none was sent before', async () => {
    const { url, accepted } = await started()
    const report = madeReport()
    expect(await openOutputs([`prometheus=${url}/own/path`], { longestQueue: 2 }).finish(report)).toEqual([])
    expect(accepted.map(({ path }) => path)).toEqual(Array(8).fill('/own/path'))
  })

  it('ends on the truth also when a write was lost', async () => {
    const { url, accepted } = await started(attempt => ({ status: attempt === 3 ? 400 : 200, text: 'out of bounds' }))
    const report = madeReport()
    const output = openOutputs([`prometheus=${url}`])
    for (const step of report.steps)
      for (const interval of step.intervals) output.interval(interval, contextIn(report, step))
    expect(await output.finish(report)).toEqual([
      `prometheus ${url}/api/v1/write: 1 of 8 writes were lost (400 Bad Request: out of bounds)`,
    ])
    const requests = [...values(accepted.at(-1)!)].filter(([name]) =>
      name.startsWith('whetstone_load_requests_total measure'),
    )
    expect(requests.reduce((sum, [, value]) => sum + value, 0)).toBe(report.steps[1]!.overall.requests)
  })

  it('never lets a counter fall, also where the report leaves out what was told', async () => {
    const { url, accepted } = await started()
    const report = madeReport()
    const measure = report.steps[1]!
    const output = openOutputs([`prometheus=${url}`])
    for (const interval of measure.intervals) output.interval(interval, contextIn(report, measure))
    const shorter = { ...measure, intervals: measure.intervals.slice(0, 4) }
    await output.finish({ ...report, steps: [report.steps[0]!, shorter] })
    const name = 'whetstone_load_requests_total measure GET /orders 2xx'
    expect(accepted.map(write => values(write).get(name))).toEqual([100, 190, 190, 290, 392, 392])
  })
})
