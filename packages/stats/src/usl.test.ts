import { describe, expect, it } from 'vitest'
import { normal, seededRandom } from './random.ts'
import { fitUsl, throughputOf, type LoadPoint, type UslCurve } from './usl.ts'

const truth: UslCurve = { single: 120, contention: 0.04, coherency: 0.0006 }

function curve(parameters: UslCurve, concurrencies: readonly number[], noise = () => 0): LoadPoint[] {
  return concurrencies.map(concurrency => ({
    concurrency,
    throughput: throughputOf(parameters, concurrency) * (1 + noise()),
  }))
}

function squaresOf(points: readonly LoadPoint[], parameters: UslCurve): number {
  return points.reduce((sum, { concurrency, throughput }) => {
    return sum + (throughput / throughputOf(parameters, concurrency) - 1) ** 2
  }, 0)
}

describe('USL fit', () => {
  it('finds the parameters of a curve without noise', () => {
    const fit = fitUsl(curve(truth, [1, 2, 4, 8, 16, 32, 64]), { random: seededRandom(1) })
    expect(fit.single.estimate).toBeCloseTo(120, 6)
    expect(fit.contention.estimate).toBeCloseTo(0.04, 8)
    expect(fit.coherency.estimate).toBeCloseTo(0.0006, 9)
    expect(fit.errorFraction).toBeLessThan(1e-9)
    expect(fit.knee).toMatchObject({ kind: 'measured', openAbove: false })
    if (fit.knee.kind === 'measured') expect(fit.knee.concurrency.estimate).toBeCloseTo(40, 6)
  })

  it('fits no worse than any of 20,000 curves tried at random', () => {
    const random = seededRandom(2)
    const points = curve(truth, [1, 2, 4, 8, 16, 24, 32, 48], () => 0.05 * normal(random))
    const fit = fitUsl(points, { random })
    const best = squaresOf(points, {
      single: fit.single.estimate,
      contention: fit.contention.estimate,
      coherency: fit.coherency.estimate,
    })
    for (let tried = 0; tried < 20_000; tried++) {
      const guess = { single: 60 + 120 * random(), contention: 0.1 * random(), coherency: 0.002 * random() }
      expect(best).toBeLessThanOrEqual(squaresOf(points, guess))
    }
  })

  it('holds parameters at zero that would turn negative', () => {
    // Faster than linear: the free fit would want negative contention.
    const points = [1, 2, 4, 8, 16].map(concurrency => ({ concurrency, throughput: 10 * concurrency ** 1.1 }))
    const fit = fitUsl(points, { random: seededRandom(3) })
    expect(fit.contention.estimate).toBe(0)
    expect(fit.coherency.estimate).toBe(0)
    expect(fit.knee).toEqual({ kind: 'beyond-measured', largestMeasured: 16 })
  })

  it('refuses to name a knee beyond the last measured point', () => {
    const fit = fitUsl(curve(truth, [1, 2, 4, 8, 16]), { random: seededRandom(4) })
    expect(fit.knee).toEqual({ kind: 'beyond-measured', largestMeasured: 16 })
  })

  it('covers the true parameters with its intervals nine times in ten', () => {
    const random = seededRandom(5)
    let covered = 0
    for (let trial = 0; trial < 60; trial++) {
      const points = curve(truth, [1, 2, 4, 8, 12, 16, 24, 32, 48, 64], () => 0.03 * normal(random))
      const fit = fitUsl(points, { random, resamples: 200 })
      if (fit.coherency.low <= truth.coherency && truth.coherency <= fit.coherency.high) covered++
    }
    expect(covered).toBeGreaterThanOrEqual(50)
  })

  it('repeats itself for a seed', () => {
    const points = curve(truth, [1, 2, 4, 8], () => 0)
    expect(fitUsl(points, { random: seededRandom(6) })).toEqual(fitUsl(points, { random: seededRandom(6) }))
  })

  it('refuses too few points and points that are not positive', () => {
    const random = seededRandom(7)
    expect(() => fitUsl(curve(truth, [1, 2, 2, 4]), { random })).toThrow('4 different')
    expect(() => fitUsl([...curve(truth, [1, 2, 4]), { concurrency: 8, throughput: 0 }], { random })).toThrow(
      'positive',
    )
  })
})
