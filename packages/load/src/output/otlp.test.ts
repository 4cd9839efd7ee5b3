/** What arrives at a collector: deltas that add up to the report. */
import { Histogram } from '@whetstone/stats'
import { afterEach, describe, expect, it } from 'vitest'
import { openOutputs } from './open.ts'
import { contextIn, madeReport } from './testing/made-report.ts'
import { type Received, type Receiver, receiver } from './testing/receiver.ts'

interface Point {
  readonly attributes: readonly { readonly key: string; readonly value: { readonly stringValue: string } }[]
  readonly startTimeUnixNano?: string
  readonly timeUnixNano: string
  readonly asInt?: string
  readonly asDouble?: number
  readonly count?: string
  readonly sum?: number
  readonly bucketCounts?: readonly string[]
  readonly explicitBounds?: readonly number[]
}
interface Metric {
  readonly name: string
  readonly unit: string
  readonly sum?: { readonly dataPoints: readonly Point[] }
  readonly gauge?: { readonly dataPoints: readonly Point[] }
  readonly histogram?: { readonly dataPoints: readonly Point[] }
}
interface Request {
  readonly resourceMetrics: readonly {
    readonly resource: object
    readonly scopeMetrics: readonly { readonly metrics: readonly Metric[] }[]
  }[]
}

let collector: Receiver | undefined
afterEach(async () => await collector?.close())

const request = ({ body }: Received) => JSON.parse(body.toString()) as Request
const metrics = (received: Received) =>
  request(received).resourceMetrics.flatMap(({ scopeMetrics }) => scopeMetrics.flatMap(one => one.metrics))
const points = (received: readonly Received[], name: string) =>
  received
    .flatMap(metrics)
    .filter(metric => metric.name === name)
    .flatMap(({ sum, gauge, histogram }) => (sum ?? gauge ?? histogram)!.dataPoints)
const has = (point: Point, key: string, value: string) =>
  point.attributes.some(attribute => attribute.key === key && attribute.value.stringValue === value)

describe('otlp', () => {
  it('sends a delta for each interval, which add up to the report exactly', async () => {
    collector = await receiver(() => ({ status: 200, text: '{}' }))
    const report = madeReport()
    const output = openOutputs([`otlp=${collector.url}`])
    for (const step of report.steps)
      for (const interval of step.intervals) output.interval(interval, contextIn(report, step))
    expect(await output.finish(report)).toEqual([])

    const { accepted } = collector
    // Nothing is left for a final delta.
    expect(accepted).toHaveLength(7)
    expect(accepted[0]).toMatchObject({ path: '/v1/metrics', headers: { 'content-type': 'application/json' } })
    for (const route of report.steps[1]!.routes) {
      const own = (name: string) =>
        points(accepted, name).filter(point => has(point, 'route', route.route) && has(point, 'purpose', 'measure'))
      const sum = (name: string) => own(name).reduce((total, { asInt }) => total + Number(asInt), 0)
      expect(sum('whetstone.load.requests')).toBe(route.requests)
      expect(sum('whetstone.load.errors')).toBe(route.errors)
      for (const [statusClass, json] of Object.entries(route.responseByStatusClass!)) {
        const response = Histogram.fromJSON(json)
        const inClass = own('whetstone.load.response').filter(point => has(point, 'status_class', statusClass))
        expect(inClass.reduce((total, { count }) => total + Number(count), 0)).toBe(response.count)
        expect(inClass.reduce((total, { sum = 0 }) => total + sum, 0)).toBeCloseTo(response.sum / 1e6, 9)
        for (const { count, bucketCounts, explicitBounds } of inClass) {
          expect(bucketCounts).toHaveLength(explicitBounds!.length + 1)
          expect(bucketCounts!.reduce((total, each) => total + Number(each), 0)).toBe(Number(count))
        }
        const upToOneSecond = inClass.flatMap(({ bucketCounts, explicitBounds }) =>
          bucketCounts!.filter((_each, index) => index < explicitBounds!.length && explicitBounds![index]! <= 1),
        )
        expect(upToOneSecond.reduce((total, each) => total + Number(each), 0)).toBe(
          response.count - response.countAbove(1e6),
        )
      }
    }
  })

  it('sends at the end what was lost to the report on the way', async () => {
    collector = await receiver(() => ({ status: 200 }))
    const report = madeReport()
    const measure = report.steps[1]!
    const output = openOutputs([`otlp=${collector.url}/v1/metrics`])
    for (const interval of measure.intervals.slice(0, 4)) output.interval(interval, contextIn(report, measure))
    await output.finish({ ...report, steps: [measure] })
    expect(collector.accepted).toHaveLength(5)
    const rest = points(collector.accepted.slice(-1), 'whetstone.load.requests')
    expect(rest.map(({ asInt }) => asInt)).toEqual(['102'])
    expect(rest[0]!.startTimeUnixNano! < rest[0]!.timeUnixNano).toBe(true)
  })

  it('takes nothing back when the report leaves out what was told', async () => {
    collector = await receiver(() => ({ status: 200 }))
    const report = madeReport()
    const measure = report.steps[1]!
    const output = openOutputs([`otlp=${collector.url}/v1/metrics`])
    for (const interval of measure.intervals) output.interval(interval, contextIn(report, measure))
    const shorter = { ...measure, intervals: measure.intervals.slice(0, 4) }
    expect(await output.finish({ ...report, steps: [shorter] })).toEqual([])
    expect(collector.accepted).toHaveLength(5)
  })

  it('is the JSON of an ExportMetricsServiceRequest', async () => {
    collector = await receiver(() => ({ status: 200 }))
    const report = madeReport()
    const measure = report.steps[1]!
    const output = openOutputs([`otlp=${collector.url}`])
    output.interval({ ...measure.intervals[3]!, lag: measure.intervals[2]!.response }, contextIn(report, measure))
    await output.finish({ ...report, steps: [] })
    const sent = request(collector.accepted[0]!)
    expect(metrics(collector.accepted[0]!).map(({ name, unit }) => `${name} ${unit}`)).toEqual([
      'whetstone.load.requests {request}',
      'whetstone.load.errors {request}',
      'whetstone.load.response s',
      'whetstone.load.response.quantile s',
      'whetstone.load.rate {request}/s',
    ])
    expect(sent.resourceMetrics[0]!.resource).toMatchInlineSnapshot(`
      {
        "attributes": [
          {
            "key": "service.name",
            "value": {
              "stringValue": "whetstone",
            },
          },
          {
            "key": "whetstone.run",
            "value": {
              "stringValue": "7f3a",
            },
          },
          {
            "key": "whetstone.scenario",
            "value": {
              "stringValue": "browse, "then" buy",
            },
          },
          {
            "key": "whetstone.target",
            "value": {
              "stringValue": "shop",
            },
          },
        ],
      }
    `)
    expect(points(collector.accepted, 'whetstone.load.errors')).toMatchInlineSnapshot(`
      [
        {
          "asInt": "12",
          "attributes": [
            {
              "key": "purpose",
              "value": {
                "stringValue": "measure",
              },
            },
            {
              "key": "route",
              "value": {
                "stringValue": "GET /orders",
              },
            },
            {
              "key": "status_class",
              "value": {
                "stringValue": "error",
              },
            },
          ],
          "startTimeUnixNano": "1795262403000000000",
          "timeUnixNano": "1795262404000000000",
        },
      ]
    `)
    expect(points(collector.accepted, 'whetstone.load.rate')[0]).toMatchInlineSnapshot(`
      {
        "asDouble": 142,
        "attributes": [
          {
            "key": "purpose",
            "value": {
              "stringValue": "measure",
            },
          },
        ],
        "timeUnixNano": "1795262404000000000",
      }
    `)
  })
})
