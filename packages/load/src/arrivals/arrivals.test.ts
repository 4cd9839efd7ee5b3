/** Schedules: the rate they keep, the distribution they have, and that workers share them without a gap or a double. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { ArrivalPlan } from './arrivals.ts'
import { arrivalsOf, segmentOf } from './arrivals.ts'
import { peakRatePerSecond } from './rate-curve.ts'
import type { RateShape } from './shape.ts'

const take = <T>(count: number, next: () => T): T[] => Array.from({ length: count }, () => next())

const plan = (change: Partial<ArrivalPlan>): ArrivalPlan => ({
  ratePerSecond: 100,
  durationMs: 10_000,
  arrivals: 'uniform',
  seed: 7,
  ...change,
})

function scheduleOf(settings: ArrivalPlan): number[] {
  const next = arrivalsOf(settings)
  const instants: number[] = []
  for (let at = next(); at !== Infinity && instants.length < 100_000; at = next()) instants.push(at)
  return instants
}

/** The obvious rate: what is offered at an instant of the measured part. */
function plainRate(shape: RateShape, atMs: number, durationMs: number): number {
  switch (shape.kind) {
    case 'ramp':
      return shape.fromPerSecond + ((shape.toPerSecond - shape.fromPerSecond) * atMs) / durationMs
    case 'stairs':
      return shape.ratesPerSecond[Math.floor((atMs / durationMs) * shape.ratesPerSecond.length)]!
    case 'sine':
      return shape.meanPerSecond + shape.amplitudePerSecond * Math.sin((2 * Math.PI * atMs) / shape.periodMs)
    case 'spike':
      return atMs >= shape.atMs && atMs < shape.atMs + shape.lengthMs ? shape.peakPerSecond : shape.basePerSecond
    case 'replay':
      return NaN
  }
}

/** The obvious number expected by an instant: add up the rate in small steps (midpoint rule, which is off by a quarter of a step at each jump). */
function plainExpected(shape: RateShape, untilMs: number, durationMs: number): number {
  const steps = 20_000
  let sum = 0
  for (let step = 0; step < steps; step++) sum += plainRate(shape, ((step + 0.5) / steps) * untilMs, durationMs)
  return (sum * untilMs) / steps / 1000
}

const rate = fc.double({ min: 1, max: 300, noNaN: true })
const movingShape: fc.Arbitrary<RateShape> = fc.oneof(
  fc.record({ kind: fc.constant('ramp' as const), fromPerSecond: rate, toPerSecond: rate }),
  fc.record({
    kind: fc.constant('ramp' as const),
    fromPerSecond: fc.constantFrom(0, 50),
    toPerSecond: fc.constantFrom(0, 80),
  }),
  fc.record({
    kind: fc.constant('stairs' as const),
    ratesPerSecond: fc.array(fc.constantFrom(0, 1, 20, 150), { minLength: 1, maxLength: 6 }),
  }),
  fc
    .tuple(rate, fc.double({ min: 0, max: 1, noNaN: true }), fc.integer({ min: 300, max: 20_000 }))
    .map(([meanPerSecond, share, periodMs]) => ({
      kind: 'sine' as const,
      meanPerSecond,
      amplitudePerSecond: meanPerSecond * share,
      periodMs,
    })),
  fc.record({
    kind: fc.constant('spike' as const),
    basePerSecond: rate,
    peakPerSecond: rate,
    atMs: fc.integer({ min: 0, max: 9_000 }),
    lengthMs: fc.integer({ min: 1, max: 4_000 }),
  }),
)
const replayShape: fc.Arbitrary<RateShape> = fc
  .tuple(fc.array(fc.integer({ min: 0, max: 12_000 }), { maxLength: 50 }), fc.constantFrom(0.5, 1, 3))
  .map(([instants, speed]) => ({ kind: 'replay' as const, atMs: instants.toSorted((a, b) => a - b), speed }))
const anyPlan: fc.Arbitrary<ArrivalPlan> = fc
  .tuple(
    fc.option(fc.oneof(movingShape, replayShape), { nil: undefined }),
    fc.constantFrom('uniform' as const, 'poisson' as const),
    fc.constantFrom(0, 700),
    fc.integer(),
  )
  .map(([shape, arrivals, warmUpMs, seed]) =>
    plan({ ...(shape && { shape }), arrivals, warmUpMs, seed, durationMs: 4_000 }),
  )

describe('uniform arrivals', () => {
  it('are spaced evenly from the start and end with the plan', () => {
    expect(scheduleOf(plan({ ratePerSecond: 250, durationMs: 20 }))).toEqual([0, 4, 8, 12, 16])
  })

  it('have not drifted after a million requests', () => {
    const next = arrivalsOf(plan({ ratePerSecond: 300, durationMs: 3_600_000 }))
    for (let index = 0; index < 999_999; index++) next()
    expect(next()).toBeCloseTo((999_999 * 1000) / 300, 6)
  })

  it('warm up at the rate the measured part begins with', () => {
    const shape: RateShape = { kind: 'ramp', fromPerSecond: 10, toPerSecond: 0 }
    const instants = scheduleOf(plan({ shape, warmUpMs: 500, durationMs: 1_000 }))
    expect(instants.slice(0, 6)).toEqual([0, 100, 200, 300, 400, 500])
    // 10 t - 5 t² = 1 after the warm-up.
    expect(instants[6]! - 500).toBeCloseTo(1000 * (1 - Math.sqrt(0.8)), 9)
    expect(instants).toHaveLength(10)
  })

  it('follow every shape: by the instant of arrival k, k were to be expected', () => {
    fc.assert(
      fc.property(movingShape, shape => {
        const instants = scheduleOf(plan({ shape }))
        for (let index = 0; index < instants.length; index += Math.ceil(instants.length / 7)) {
          expect(Math.abs(plainExpected(shape, instants[index]!, 10_000) - index)).toBeLessThan(0.5)
        }
        expect(Math.abs(plainExpected(shape, 10_000, 10_000) - instants.length)).toBeLessThan(1.5)
      }),
      { numRuns: 60 },
    )
  })

  it('peaks where most of a replay falls into one second', () => {
    const replay = (speed: number): RateShape => ({
      kind: 'replay',
      atMs: [0, 1_500, 1_600, 2_499, 2_500, 9_000],
      speed,
    })
    expect(peakRatePerSecond(0, replay(1), 10_000)).toBe(3)
    expect(peakRatePerSecond(0, replay(2), 10_000)).toBe(4)
    expect(peakRatePerSecond(0, replay(1), 1_550)).toBe(1)
    expect(peakRatePerSecond(0, { kind: 'replay', atMs: [], speed: 1 }, 10_000)).toBe(0)
  })

  it('play a recording at its speed, for as long as the plan lasts', () => {
    const shape: RateShape = { kind: 'replay', atMs: [0, 10, 10, 500, 3_000], speed: 2 }
    expect(scheduleOf(plan({ shape, durationMs: 1_000 }))).toEqual([0, 5, 5, 250])
  })
})

describe('Poisson arrivals', () => {
  it('give the same instants for the same seed and others for another', () => {
    const of = (seed: number) => take(50, arrivalsOf(plan({ arrivals: 'poisson', seed })))
    expect(of(7)).toEqual(of(7))
    expect(of(7)).not.toEqual(of(8))
  })

  it('keep the mean rate, with gaps as scattered as they are long', () => {
    const instants = take(
      20_000,
      arrivalsOf(plan({ ratePerSecond: 500, durationMs: 100_000, arrivals: 'poisson', seed: 3 })),
    )
    const gaps = instants.map((at, index) => at - (instants[index - 1] ?? 0))
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length)
    expect(mean).toBeCloseTo(2, 1)
    expect(deviation / mean).toBeCloseTo(1, 1)
    expect(Math.min(...gaps)).toBeGreaterThanOrEqual(0)
  })

  it('scatter around the expected number of each second as a Poisson process does', () => {
    const shape: RateShape = { kind: 'sine', meanPerSecond: 200, amplitudePerSecond: 150, periodMs: 10_000 }
    const counts = Array.from({ length: 40 }, () => 0)
    for (const at of scheduleOf(plan({ shape, arrivals: 'poisson', durationMs: 40_000 })))
      counts[Math.floor(at / 1000)]! += 1
    const chiSquare = counts.reduce((sum, count, second) => {
      const expected = plainExpected(shape, (second + 1) * 1000, 0) - plainExpected(shape, second * 1000, 0)
      return sum + (count - expected) ** 2 / expected
    }, 0)
    // The 0.1 % and 99.9 % points of chi-square with 40 degrees of freedom: neither too regular nor too wild.
    expect(chiSquare).toBeGreaterThan(17.9)
    expect(chiSquare).toBeLessThan(73.4)
  })
})

describe('any schedule', () => {
  it('never falls and stays within the plan', () => {
    fc.assert(
      fc.property(anyPlan, settings => {
        const instants = scheduleOf(settings)
        expect(instants.every((at, index) => at >= (instants[index - 1] ?? 0))).toBe(true)
        expect(instants.at(-1) ?? 0).toBeLessThanOrEqual((settings.warmUpMs ?? 0) + settings.durationMs)
      }),
      { numRuns: 300 },
    )
  })

  it('is the union of its segments, for any number of workers', () => {
    fc.assert(
      fc.property(anyPlan, fc.integer({ min: 1, max: 9 }), (settings, of) => {
        const segments = Array.from({ length: of }, (_, index) => segmentOf(arrivalsOf(settings), index, of))
        const whole = arrivalsOf(settings)
        for (let arrival = 0; arrival < 500; arrival++) expect(segments[arrival % of]!()).toBe(whole())
      }),
      { numRuns: 60 },
    )
  })
})
