import { parseThreshold } from '@whetstone/load'
import type { Interval, LoadStep } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { exampleLoad, exampleStep, spread } from '../terminal/testing/example-load.ts'
import { loadReport, type ReportInput } from './load-report.ts'

const { schema: _schema, verdict: _verdict, exitCode: _exit, warnings: _warnings, ...example } = exampleLoad
const report = (change: Partial<ReportInput>) => loadReport({ ...example, strictNoise: false, ...change })
const step = (change: Partial<LoadStep>): readonly LoadStep[] => [{ ...exampleStep, ...change }]
const generator = (verdict: LoadStep['generator']['verdict']) => ({ ...exampleStep.generator, verdict })
const limit = (state: 'kept' | 'broken' | 'unknown') => [{ threshold: parseThreshold('p95 < 300ms'), state }]
const search = (outcome: 'found' | 'below-smallest-tried' | 'undecided' | 'invalid') => ({
  kind: 'capacity' as const,
  capacity: { objective: [parseThreshold('p95 < 300ms')], outcome, trials: [] },
})
const failing = { name: 'has an id', route: 'GET /items', passes: 0, fails: 12 }
const soak = (slopePerHour?: Interval): Partial<ReportInput> => ({
  kind: 'soak',
  soak: {
    shortestTellingMs: 1_800_000,
    trends: [{ metric: 'p50', unit: 'ms', points: [], verdict: 'unclear', ...(slopePerHour && { slopePerHour }) }],
  },
})
const lost = { workers: 1, ofWorkers: 4, fraction: 0.25 }

describe('the end of a load test', () => {
  it.each<[string, Partial<ReportInput>, string, number]>([
    ['every limit kept', { thresholds: limit('kept') }, 'pass', 0],
    ['a limit broken', { thresholds: limit('broken') }, 'fail', 1],
    ['ended by a limit', { stopped: 'threshold' }, 'fail', 1],
    ['interrupted', { stopped: 'aborted', thresholds: limit('broken') }, 'aborted', 130],
    ['a limit that could not be judged', { thresholds: limit('unknown') }, 'pass', 0],
    ['the same, strictly', { thresholds: limit('unknown'), strictNoise: true }, 'pass', 4],
    [
      'a late generator',
      { steps: step({ generator: generator('invalid') }), thresholds: limit('broken') },
      'invalid',
      4,
    ],
    [
      'a limit kept all the same',
      { steps: step({ generator: generator('invalid') }), thresholds: limit('kept') },
      'pass',
      0,
    ],
    ['a late generator without a limit', { steps: step({ generator: generator('invalid') }) }, 'invalid', 4],
    ['a check that never held', { steps: step({ checks: [failing] }), thresholds: limit('kept') }, 'fail', 1],
    ['a worker lost', { steps: step({ lost }) }, 'degraded', 0],
    [
      'a warm-up that was late',
      { steps: [...step({ purpose: 'warm-up', generator: generator('invalid') }), exampleStep] },
      'pass',
      0,
    ],
    [
      'a capacity found past what could be sent',
      { ...search('found'), steps: step({ generator: generator('invalid') }) },
      'pass',
      0,
    ],
    ['not one rate that kept the objective', search('below-smallest-tried'), 'fail', 1],
    ['a search that ran out of loads', search('undecided'), 'pass', 4],
    ['a search that was interrupted', { ...search('undecided'), stopped: 'aborted' }, 'aborted', 130],
    ['a search the generator spoiled', search('invalid'), 'invalid', 4],
    ['a soak too short to tell a trend', soak(), 'pass', 4],
    ['the same, with a limit broken', { ...soak(), thresholds: limit('broken') }, 'fail', 1],
    ['a soak that told one', soak({ estimate: 0, low: -1, high: 1 }), 'pass', 0],
  ])('%s', (_, change, verdict, exitCode) => {
    expect(report(change)).toMatchObject({ verdict, exitCode })
  })
})

describe('a load test warns', () => {
  const none = spread(0, 0, 0)
  it.each<[string, Partial<LoadStep>, string]>([
    [
      'of a p99 that rests on few',
      { overall: { ...exampleStep.overall, response: spread(812, 1, 9) } },
      'p99 rests on the 8 slowest of 812 answers; 1,000 answers are needed to trust it',
    ],
    ['where nothing succeeded', { overall: { ...exampleStep.overall, response: none } }, 'no request was answered'],
    ['of the closed model', { arrivals: 'closed', users: 3 }, 'closed model: each user waits for its answer'],
    ['of a lost share', { lost }, '1 of 4 workers were lost, and with them 25 % of the offered load'],
    [
      'of what never settled',
      { steadyState: { kind: 'never-steady', excludedMs: 0, response: none } },
      'the response times never settled',
    ],
    [
      'of waiting for connections',
      { generator: { ...generator('healthy'), connectionWaitP99Ms: 40 } },
      'requests waited up to 40 ms at p99 until a connection was open and free',
    ],
  ])('%s', (_, change, warning) => {
    expect(report({ steps: step(change) }).warnings).toEqual([expect.stringContaining(warning)])
  })

  it('of whatever went wrong in one of several steps', () => {
    const waiting = { generator: { ...generator('healthy'), connectionWaitP99Ms: 40 } }
    const { warnings } = report({ steps: [exampleStep, ...step(waiting), ...step({ lost })] })
    expect(warnings).toEqual([
      expect.stringContaining('1 of 4 workers were lost'),
      expect.stringContaining('requests waited up to 40 ms'),
    ])
    const stress = { kneePerSecond: exampleStep.offeredRatePerSecond, peakGoodputPerSecond: 1, collapsed: false }
    const past = step({ ...waiting, offeredRatePerSecond: 2 * exampleStep.offeredRatePerSecond })
    expect(report({ kind: 'stress', stress, steps: [exampleStep, ...past] }).warnings).toEqual([])
  })

  it.each([
    ['p95 > 300ms', 'did you mean p95 < 300ms?'],
    ['rate <= 95/s', 'did you mean rate >= 95/s?'],
  ])('of a limit the wrong way round: %s', (text, warning) => {
    const thresholds = [{ threshold: parseThreshold(text), state: 'kept' as const }]
    expect(report({ thresholds }).warnings).toEqual([expect.stringContaining(warning)])
  })

  it('of nothing when all is well', () => {
    expect(report({}).warnings).toEqual([])
  })
})

it('a service that refuses everything fails, however fast it is and whatever it is asked', () => {
  const [route] = exampleStep.routes
  const steps = step({ routes: [{ ...route!, statusCounts: { '404': 236 } }], checks: [] })
  expect(report({ steps, thresholds: limit('kept') })).toMatchObject({
    verdict: 'fail',
    exitCode: 1,
    failures: ['GET /items answered 404 to all 236 requests'],
  })
})
