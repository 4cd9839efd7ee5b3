import { describe, expect, it } from 'vitest'
import type { Evidence, Finding, Prediction } from '@whetstone/model'
import { gainFraction, severityOf } from './severity.ts'

const finding = { where: { route: 'GET /a' } } as Finding
const predicted = (estimate: number): Prediction => ({
  route: 'GET /a',
  p95Ms: { beforeMs: 100, estimate, low: estimate, high: estimate },
  traces: 20,
  method: 'trace-replay',
})
const traffic = (a: number, b: number) =>
  ({
    traces: {
      routes: [
        { route: 'GET /a', requests: a },
        { route: 'GET /b', requests: b },
      ],
      traces: [],
    },
  }) as unknown as Evidence

describe('severity', () => {
  it('is what the remedy returns of the 95th percentile', () => {
    const gains = [70, 90, 99].map(estimate => gainFraction(predicted(estimate), finding, traffic(50, 50)))
    expect(gains.map(gain => severityOf({}, gain))).toEqual(['high', 'warn', 'info'])
  })

  it('counts a route less that is rarely asked for, and never more than its gain', () => {
    expect(gainFraction(predicted(50), finding, traffic(10, 90))).toBeCloseTo(0.1)
    expect(gainFraction(predicted(50), finding, traffic(90, 10))).toBe(0.5)
  })

  it('is high where an outage, loss or leak is possible', () => {
    expect(severityOf({ risk: 'outage' }, 0)).toBe('high')
  })

  it('is info where nothing could be predicted', () => {
    expect(severityOf({}, gainFraction(undefined, finding, traffic(1, 1)))).toBe('info')
  })
})
