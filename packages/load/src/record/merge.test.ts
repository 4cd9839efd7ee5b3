/** Several workers' records are one record: nothing is rounded, averaged or lost. */
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import type { LoadInterval, LoadStep } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { mergeSteps } from './merge.ts'

interface Sample {
  readonly route: string
  readonly atMs: number
  readonly responseUs: number
  readonly serviceUs: number
  readonly lagUs: number
  /** 0 for a request without an answer. */
  readonly status: number
  readonly bytes: number
}

const DURATION_MS = 8000

/** What one worker would report of these samples, the slow and obvious way. */
function recordOf(samples: readonly Sample[], widthMs = 1000): LoadStep {
  const answered = samples.filter(({ status }) => status > 0)
  const good = answered.filter(({ status }) => status < 500)
  const errors = (some: readonly Sample[]) => some.filter(({ status }) => status === 0 || status >= 500)
  const kinds = (some: readonly Sample[]) =>
    countsOf(errors(some).map(({ status }) => (status === 0 ? 'timeout' : `http-${status}`)))
  const of = (name: string) => samples.filter(({ route }) => route === name)
  const lag = histogram(samples.map(({ lagUs }) => lagUs))
  return {
    purpose: 'measure',
    startedAt: '2026-01-01T00:00:00.000Z',
    offeredRatePerSecond: samples.length / 8,
    achievedRatePerSecond: samples.length / 8,
    durationMs: DURATION_MS,
    arrivals: 'poisson',
    sent: samples.length,
    completed: answered.length,
    errors: errors(samples).length,
    errorsByKind: kinds(samples),
    routes: ['GET /a', 'GET /b'].map(route => {
      const answers = of(route).filter(({ status }) => status > 0)
      return {
        route,
        requests: of(route).length,
        errors: errors(of(route)).length,
        errorsByKind: kinds(of(route)),
        response: histogram(answers.filter(({ status }) => status < 500).map(({ responseUs }) => responseUs)),
        service: histogram(answers.filter(({ status }) => status < 500).map(({ serviceUs }) => serviceUs)),
        responseByStatusClass: Object.fromEntries(
          ['2xx', '4xx', '5xx'].map(name => [
            name,
            histogram(answers.filter(({ status }) => `${status}`[0] === name[0]).map(({ responseUs }) => responseUs)),
          ]),
        ),
        statusCounts: countsOf(answers.map(({ status }) => String(status))),
        meanBodyBytes: answers.length === 0 ? 0 : answers.reduce((sum, { bytes }) => sum + bytes, 0) / answers.length,
        maxBodyBytes: Math.max(0, ...answers.map(({ bytes }) => bytes)),
      }
    }),
    overall: {
      requests: samples.length,
      errors: errors(samples).length,
      response: histogram(good.map(({ responseUs }) => responseUs)),
      service: histogram(good.map(({ serviceUs }) => serviceUs)),
    },
    intervals: Array.from({ length: DURATION_MS / widthMs }, (_, index): LoadInterval => {
      const within = samples.filter(({ atMs }) => Math.floor(atMs / widthMs) === index)
      return {
        atMs: index * widthMs,
        durationMs: widthMs,
        requests: within.length,
        errors: errors(within).length,
        response: histogram(within.filter(one => good.includes(one)).map(({ responseUs }) => responseUs)),
        lag: histogram(within.map(({ lagUs }) => lagUs)),
        cells: ['GET /a', 'GET /b'].map(route => ({
          route,
          statusClass: '2xx',
          requests: within.filter(one => one.route === route && one.status === 200).length,
          response: histogram(
            within.filter(one => one.route === route && one.status === 200).map(({ responseUs }) => responseUs),
          ),
        })),
      }
    }),
    generator: { ...calm, lagP50Ms: 0, lagP99Ms: 0, lagMaxMs: 0 },
    lag,
    connectionWait: histogram(samples.map(({ lagUs }) => lagUs)),
    checks: [
      {
        name: 'has a body',
        route: 'GET /a',
        passes: of('GET /a').filter(({ bytes }) => bytes > 0).length,
        fails: of('GET /a').filter(({ bytes }) => bytes === 0).length,
      },
    ],
  }
}

const calm: LoadStep['generator'] = {
  verdict: 'healthy',
  reasons: [],
  lagP50Ms: 0.1,
  lagP99Ms: 0.2,
  lagMaxMs: 0.3,
  cpuFraction: 0.2,
  loopDelayP99Ms: 1,
  connectionWaitP99Ms: 0,
}

function histogram(values: readonly number[]) {
  const recorded = new Histogram()
  for (const value of values) recorded.record(value)
  return recorded.toJSON()
}

function countsOf(names: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {}
  for (const name of names) counts[name] = (counts[name] ?? 0) + 1
  return counts
}

const sample: fc.Arbitrary<Sample> = fc.record({
  route: fc.constantFrom('GET /a', 'GET /b'),
  atMs: fc.integer({ min: 0, max: DURATION_MS - 1 }),
  responseUs: fc.integer({ min: 0, max: 90_000_000 }),
  serviceUs: fc.integer({ min: 0, max: 5000 }),
  lagUs: fc.integer({ min: 0, max: 3000 }),
  status: fc.constantFrom(0, 200, 200, 200, 404, 500, 503),
  bytes: fc.nat(100_000),
})
const widths = fc.constantFrom(1000, 2000, 4000)
/** Each sample with the worker that took it, and each worker with the width of its intervals. */
const split = fc.record({
  samples: fc.array(fc.tuple(sample, fc.nat(3)), { maxLength: 200 }),
  widths: fc.tuple(widths, widths, widths, widths),
})

describe('mergeSteps', () => {
  it('gives, for any split of the samples among four workers, what one worker would have recorded', () => {
    fc.assert(
      fc.property(split, ({ samples, widths }) => {
        const records = widths.map((widthMs, worker) =>
          recordOf(
            samples.filter(([, by]) => by === worker).map(([one]) => one),
            widthMs,
          ),
        )
        const merged = mergeSteps(records)
        const single = recordOf(
          samples.map(([one]) => one),
          Math.max(...widths),
        )
        const { generator: _merged, ...figures } = merged
        const { generator: _single, ...expected } = single
        expect(figures).toEqual(expected)
      }),
      { numRuns: 200 },
    )
  })

  it('judges the generator by the merged lag and names the worker that was worst', () => {
    const one: Sample = {
      route: 'GET /a',
      atMs: 0,
      responseUs: 20_000,
      serviceUs: 1,
      lagUs: 100,
      status: 200,
      bytes: 1,
    }
    const quick = { ...recordOf(Array.from({ length: 300 }, () => one)), generator: calm }
    const late = {
      ...recordOf(Array.from({ length: 100 }, () => ({ ...one, lagUs: 8000 }))),
      generator: {
        ...calm,
        verdict: 'invalid' as const,
        reasons: ['sends were late by 8.0 ms at p99, against a response p99 of 20 ms'],
        cpuFraction: 0.7,
        loopDelayP99Ms: 3,
      },
    }
    const { generator } = mergeSteps([quick, late], ['left', 'right'])
    expect(generator).toMatchObject({
      verdict: 'invalid',
      reasons: ['right: sends were late by 8.0 ms at p99, against a response p99 of 20 ms'],
      lagMaxMs: 8,
      cpuFraction: 0.7,
      loopDelayP99Ms: 3,
    })
    expect(generator.lagP50Ms).toBeCloseTo(0.1)
    expect(generator.lagP99Ms).toBeCloseTo(8, 1)
    expect(mergeSteps([quick, quick]).generator).toMatchObject({ verdict: 'healthy', reasons: [] })
  })

  it('counts a step that ended early for the time it ran, and sums what was offered', () => {
    const whole = { ...recordOf([]), offeredRatePerSecond: 50, achievedRatePerSecond: 50 }
    const half = { ...whole, durationMs: DURATION_MS / 2 }
    expect(mergeSteps([half, whole])).toMatchObject({
      offeredRatePerSecond: 100,
      achievedRatePerSecond: 75,
      durationMs: DURATION_MS,
    })
  })

  it('keeps the twenty slowest of all workers', () => {
    const slowest = (fromMs: number) =>
      Array.from({ length: 20 }, (_, index) => ({
        traceId: `${fromMs + index}`,
        route: 'GET /a',
        status: 200,
        atMs: 0,
        responseMs: fromMs + 40 - 2 * index,
      }))
    const merged = mergeSteps([
      { ...recordOf([]), slowest: slowest(0) },
      { ...recordOf([]), slowest: slowest(1) },
    ])
    expect(merged.slowest?.map(({ responseMs }) => responseMs)).toEqual(
      Array.from({ length: 20 }, (_, index) => 41 - index),
    )
  })

  it('adds what older records hold and leaves out what they lack', () => {
    const { lag: _lag, connectionWait: _wait, checks: _checks, ...old } = recordOf([])
    const merged = mergeSteps([old, old])
    expect(merged).not.toHaveProperty('lag')
    expect(merged).not.toHaveProperty('checks')
    expect(merged).not.toHaveProperty('steadyState')
  })

  it('refuses to merge nothing', () => {
    expect(() => mergeSteps([])).toThrow(RangeError)
  })
})
