import { parseThreshold } from '@whetstone/load'
import type { CapacityTrial, LoadReport } from '@whetstone/model'
import { expect, it } from 'vitest'
import { printSearch } from './print-load-search.ts'
import { exampleLoad, exampleStep, spread } from './testing/example-load.ts'
import { printed } from './testing/printed.ts'

const shown = (found: Partial<LoadReport>) => printed(terminal => printSearch({ ...exampleLoad, ...found }, terminal))
const trial = (rate: number, p95: number, step: number, reason?: string): CapacityTrial => ({
  offeredRatePerSecond: rate,
  achievedRatePerSecond: rate * 0.99,
  held: p95 < 200,
  value: { estimate: p95, low: p95 * 0.9, high: p95 * 1.2 },
  concurrency: 3,
  step,
  ...(reason === undefined ? {} : { reason }),
})

it('a search is printed rate by rate, with the interval of each, and says what was not counted', () => {
  const late = { ...exampleStep, generator: { ...exampleStep.generator, verdict: 'invalid' as const } }
  expect(
    shown({
      steps: [exampleStep, exampleStep, exampleStep, late],
      capacity: {
        objective: [parseThreshold('p95 < 200ms'), parseThreshold('errors < 1%')],
        outcome: 'found',
        ratePerSecond: { estimate: 450, low: 400, high: 500 },
        trials: [
          trial(400, 150, 0),
          trial(800, 2_400, 1, 'the queue grew throughout: each second was slower than the one before it'),
          {
            ...trial(500, 230, 2),
            furtherValues: [{ limit: 'errors < 1%', value: { estimate: 0, low: 0, high: 0.0037 } }],
          },
          { ...trial(450, 190, 3), held: false },
        ],
        usl: {
          singlePerSecond: { estimate: 60, low: 55, high: 66 },
          contention: { estimate: 0.08, low: 0.05, high: 0.11 },
          coherency: { estimate: 0.001, low: 0, high: 0.004 },
          errorFraction: 0.03,
        },
      },
    }),
  ).toMatchInlineSnapshot(`
    "
          offered   achieved     value  95 % interval     p95 < 200ms
           400 /s     396 /s    150 ms  135 ms to 180 ms  ✓ held
           800 /s     792 /s    2.40 s  2.16 s to 2.88 s  ✗ not held
                 the queue grew throughout: each second was slower than the one
                 before it
           500 /s     495 /s    230 ms  207 ms to 276 ms  ✗ not held
                                   0 %  0 % to 0.37 %     errors < 1%
           450 /s     446 /s    190 ms  171 ms to 228 ms  ! not counted

      scaling   contention 8 %, coherency 0.1 %, off by 3 %
    "
  `)
})

it('an overload is printed step by step, with the knee and the way back', () => {
  const step = (rate: number, good: number) => ({
    ...exampleStep,
    offeredRatePerSecond: rate,
    errors: 0,
    overall: { ...exampleStep.overall, requests: rate * 20, response: spread(good * 20, 5, 50) },
  })
  expect(
    shown({
      kind: 'stress',
      steps: [step(100, 100), step(200, 198), step(400, 150), { ...step(100, 100), purpose: 'recovery' }],
      stress: {
        kneePerSecond: 200,
        peakGoodputPerSecond: 198,
        goodputPastKneePerSecond: 150,
        collapsed: true,
        recoveryMs: 2_400,
      },
    }),
  ).toMatchInlineSnapshot(`
    "
          offered    goodput        p95     errors
           100 /s     100 /s      48 ms        0 %
           200 /s     198 /s      48 ms        0 %
           400 /s     150 /s      48 ms        0 %
           100 /s     100 /s      48 ms        0 %  overload, and after it

      knee      200 /s
      beyond    150 /s answered well: it collapses
      recovery  after 2.4 s
    "
  `)
})

it('what grows is printed with its slope, its interval and how sure it is', () => {
  expect(
    shown({
      kind: 'soak',
      soak: {
        shortestTellingMs: 1_800_000,
        trends: [
          {
            metric: 'p95',
            unit: 'ms',
            points: [],
            slopePerHour: { estimate: 1.1, low: -4.2, high: 6.8 },
            pValue: 0.34,
            verdict: 'steady',
          },
          {
            metric: 'open-handles',
            unit: 'count',
            points: [],
            verdict: 'unclear',
          },
          {
            metric: 'resident-memory',
            unit: 'bytes',
            points: [],
            slopePerHour: { estimate: 66e6, low: 61e6, high: 70e6 },
            pValue: 1e-9,
            verdict: 'grows',
          },
        ],
      },
    }),
  ).toMatchInlineSnapshot(`
    "  ✓ p95                        1.1 ms an hour  −4.2 ms to 6.8 ms, p 0.34
      ! open handles                     not told  too few readings
      ✗ resident memory             66 MB an hour  61 MB to 70 MB, p < 0.001
    "
  `)
})

it('a spike is printed as before, in it, and the way back', () => {
  const spike = {
    baseRatePerSecond: 20,
    peakRatePerSecond: 100,
    p95BeforeMs: 41,
    p95DuringMs: 1_240,
    errorsDuring: 12,
    recoveryMs: 3_100,
  }
  expect(shown({ kind: 'spike', spike })).toMatchInlineSnapshot(`
    "
      before     p95 41 ms at 20 /s
      in it      p95 1.24 s at 100 /s, 12 errors
      recovery   after 3.1 s
    "
  `)
})

it('a spike before which nothing was answered has no figure and no way back', () => {
  const spike = { baseRatePerSecond: 20, peakRatePerSecond: 100, errorsDuring: 12 }
  expect(shown({ kind: 'spike', spike })).toContain('before     p95 - at 20 /s')
  expect(shown({ kind: 'spike', spike })).toContain('recovery   -\n')
})

it('an overload that was sent late has no way back to tell, and its rates are not counted', () => {
  const late = { ...exampleStep, generator: { ...exampleStep.generator, verdict: 'invalid' as const } }
  expect(
    shown({
      kind: 'stress',
      steps: [exampleStep, late, { ...late, purpose: 'recovery' }],
      stress: { kneePerSecond: 200, peakGoodputPerSecond: 198, collapsed: false, endedBy: 'generator' },
    }),
  ).toMatchInlineSnapshot(`
    "
          offered    goodput        p95     errors
           200 /s     195 /s      76 ms      2.5 %
           200 /s     195 /s      76 ms      2.5 %  ! late, not counted
           200 /s     195 /s      76 ms      2.5 %  ! late, not counted

      knee      200 /s
      recovery  not told
      ! the generator was late twice at one rate, and the test ended there
    "
  `)
  const unknown = (endedBy: 'generator' | 'first-rate') =>
    shown({ kind: 'stress', steps: [exampleStep], stress: { peakGoodputPerSecond: 4, collapsed: false, endedBy } })
  expect(unknown('generator')).toMatch(/knee {6}not reached\n {2}! the generator was late twice at one rate/)
  expect(unknown('first-rate')).toMatch(/knee {6}below the first rate\n$/)
})
