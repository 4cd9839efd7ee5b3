/** Points of the scalability curve, and when there is none. */
import type { LoadStep } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { answers, madeStep } from '../thresholds/testing/made-step.ts'
import { loadPoint, uslOf } from './little.ts'

/** Ten seconds of so many answers a second, each taking so long. */
const steady = (ratePerSecond: number, responseMs: number): LoadStep =>
  madeStep(Array.from({ length: 10 }, () => [answers(responseMs, { count: ratePerSecond })]))

/** Response times of a curve X(N): by Little's law N = X R. */
const alongCurve = (concurrency: number) => {
  const throughput = (100 * concurrency) / (1 + 0.05 * (concurrency - 1) + 0.002 * concurrency * (concurrency - 1))
  return steady(Math.round(throughput), (concurrency * 1000) / Math.round(throughput))
}

describe('loadPoint', () => {
  it('counts the requests under way by rate times response time', () => {
    const { concurrency, throughput } = loadPoint(steady(200, 50))
    expect(throughput).toBe(200)
    expect(concurrency).toBeCloseTo(10, 6)
  })
})

describe('uslOf', () => {
  it('fits the curve and tells the peak that was measured', () => {
    const { usl, refusal } = uslOf([1, 3, 6, 12, 20, 30, 40].map(alongCurve), 1)
    expect(refusal).toBeUndefined()
    expect(usl!.singlePerSecond.estimate).toBeCloseTo(100, -1)
    expect(usl!.contention.estimate).toBeCloseTo(0.05, 2)
    // √((1 - 0.05) / 0.002) = 21.8.
    expect(usl!.peak!.concurrency.estimate).toBeCloseTo(21.8, 0)
  })

  it('tells no peak beyond what was measured', () => {
    const { usl, refusal } = uslOf([1, 2, 4, 7].map(alongCurve), 1)
    expect(usl!.peak).toBeUndefined()
    expect(refusal).toBe('no peak is told: it lies beyond the 7 requests under way that were measured')
  })

  it('fits nothing through points that are few, close together or of a growing queue', () => {
    expect(uslOf([1, 2, 9].map(alongCurve), 1)).toEqual({ refusal: expect.stringMatching(/^no scalability curve: 3 /) })
    expect(uslOf([4, 5, 6, 7, 8].map(alongCurve), 1).refusal).toMatch(/the busiest with 2\.0 times/)
    const growing = madeStep([10, 20, 30, 40, 50, 60].map(ms => [answers(ms)]))
    expect(uslOf([...[1, 4, 9].map(alongCurve), growing], 1).refusal).toMatch(/^no scalability curve: 3 steady steps/)
    expect(uslOf([], 1).refusal).toMatch(/^no scalability curve: 0 /)
  })
})
