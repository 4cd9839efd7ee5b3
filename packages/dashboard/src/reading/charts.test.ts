import { describe, expect, it } from 'vitest'
import { diceOf, sampled, stepOf } from '../../test/fixtures/sampling.ts'
import { demoReport, failedReport } from '../../test/fixtures/reports.ts'
import { scaleOf } from './effects.ts'
import { curvesOf, percentileCurve } from './percentiles.ts'
import { linearTicks, logPosition, logRange, logTicks, spread } from './ticks.ts'
import { heatmapOf, timelineOf } from './timeline.ts'

describe('axes', () => {
  it('puts log ticks at 1, 2, 5 and thins them when there are many', () => {
    expect(logTicks(10, 1000)).toEqual([10, 20, 50, 100, 200, 500, 1000])
    expect(logTicks(1, 10_000)).toEqual([1, 3, 10, 30, 100, 300, 1000, 3000, 10_000])
    expect(logTicks(0.001, 1e6)).toHaveLength(10)
  })

  it('moves the ends of a log axis out to round values', () => {
    expect(logRange(19, 559)).toEqual([10, 1000])
    expect(logRange(5, 5)).toEqual([5, 10])
    expect(logPosition(100, [10, 1000])).toBeCloseTo(0.5)
    expect(logPosition(0, [10, 1000])).toBe(0)
  })

  it('puts linear ticks at round steps', () => {
    expect(linearTicks(126, 8)).toEqual([0, 20, 40, 60, 80, 100, 120])
    expect(linearTicks(0)).toEqual([0])
  })

  it('pushes labels apart and keeps them inside', () => {
    expect(spread([10, 12, 50], 15, 200)).toEqual([10, 25, 50])
    expect(spread([195, 198, 199], 15, 200)).toEqual([170, 185, 200])
  })
})

describe('the percentile curve', () => {
  it('rises, and stops where fewer than ten samples remain beyond it', () => {
    const curve = percentileCurve(sampled(diceOf(1), 2000, 50, 300))
    expect(curve.at(-1)!.depth).toBeCloseTo(200)
    expect(curve.every((point, index) => index === 0 || point.ms >= curve[index - 1]!.ms)).toBe(true)
  })

  it('shows p99.9 only from 10,000 requests', () => {
    expect(percentileCurve(sampled(diceOf(1), 9999, 50, 300)).at(-1)!.depth).toBeLessThan(1000)
    expect(percentileCurve(sampled(diceOf(1), 12_000, 50, 300)).at(-1)!.depth).toBeCloseTo(1200)
  })

  it('is not drawn from a handful', () => expect(percentileCurve(sampled(diceOf(1), 10, 50, 300))).toEqual([]))

  it('comes from both arms of a trial', () => {
    const { before, after } = curvesOf(demoReport())
    expect(before!.at(-1)!.ms).toBeGreaterThan(after!.at(-1)!.ms)
  })
})

describe('latency over time', () => {
  const startedAt = '2026-11-21T10:42:07.000Z'
  it('widens its windows until a p99 means something', () => {
    const slow = stepOf(diceOf(1), {
      purpose: 'measure',
      startedAt,
      seconds: 120,
      ratePerSecond: 26,
      p50Ms: 50,
      p95Ms: 300,
    })
    const timeline = timelineOf({ schema: 'load-curve@1', steps: [slow] })!
    expect(timeline.windows[1]).toMatchObject({ seconds: 6, widthSeconds: 4 })
    expect(timeline.windows.filter(window => window.p99Ms !== undefined).length).toBeGreaterThan(15)
  })

  it('leaves the p99 out where it would be the maximum', () => {
    const rare = stepOf(diceOf(1), {
      purpose: 'measure',
      startedAt,
      seconds: 20,
      ratePerSecond: 30,
      p50Ms: 50,
      p95Ms: 300,
    })
    const { windows } = timelineOf({ schema: 'load-curve@1', steps: [rare] })!
    expect(windows.every(window => window.p99Ms === undefined && window.p95Ms !== undefined)).toBe(true)
  })

  it('shows warm-up before what is judged and knows where it ends', () => {
    const timeline = timelineOf(demoReport().loadCurve)!
    expect(timeline).toMatchObject({ warmUpSeconds: 6, endSeconds: 126 })
  })

  it('has no window across a stretch that nobody measured, and breaks the line there', () => {
    const step = (seconds: number, startedAt: string) =>
      stepOf(diceOf(1), { purpose: 'measure', startedAt, seconds, ratePerSecond: 26, p50Ms: 50, p95Ms: 300 })
    const { windows, columns } = timelineOf({
      schema: 'load-curve@1',
      steps: [step(42, startedAt), step(60, '2026-11-21T10:43:19.000Z')],
    })!
    const gap = windows.findIndex(window => window.isGap)
    expect(windows[gap]).toMatchObject({ seconds: 57, widthSeconds: 30, requests: 0, errors: 0 })
    expect(windows[gap]!.p50Ms).toBeUndefined()
    expect(windows.filter(window => window.isGap)).toHaveLength(1)
    expect(windows.every(window => window.isGap || window.widthSeconds <= 4)).toBe(true)
    expect(columns.some(column => column.seconds > 42 && column.seconds < 72)).toBe(false)
  })

  it('takes a second without an answer for measured, and the moment between two steps for nothing', () => {
    const step = stepOf(diceOf(1), {
      purpose: 'measure',
      startedAt,
      seconds: 30,
      ratePerSecond: 26,
      p50Ms: 50,
      p95Ms: 300,
    })
    const next = { ...step, startedAt: '2026-11-21T10:42:37.800Z' }
    const empty = step.intervals.map((one, at) =>
      at > 9 && at < 15 ? { ...one, requests: 0, response: sampled(diceOf(1), 0, 50, 300) } : one,
    )
    const { windows } = timelineOf({ schema: 'load-curve@1', steps: [{ ...step, intervals: empty }, next] })!
    expect(windows.some(window => window.isGap)).toBe(false)
  })

  it('counts every answered request once in the heatmap', () => {
    const report = failedReport()
    const heatmap = heatmapOf(timelineOf(report.loadCurve)!)!
    const cells = heatmap.cells.flat().reduce((sum, count) => sum + count, 0)
    expect(cells).toBe(report.loadCurve!.steps[0]!.overall.response.count)
  })

  it('is absent without intervals', () => expect(timelineOf(undefined)).toBeUndefined())
})

describe('the scale of the effects', () => {
  it('gives halving and doubling the same length and always labels zero', () => {
    const scale = scaleOf(demoReport().trial!.metrics, 0.03)
    const [half, one, twice] = [0.5, 1, 1.05].map(scale.position)
    expect(one! - half!).toBeGreaterThan(twice! - one!)
    expect(scale.ticks.map(tick => tick.text)).toContain('0')
  })
})
