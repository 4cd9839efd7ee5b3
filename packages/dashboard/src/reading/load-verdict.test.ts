/** The sentence over a load test, where it is not only a figure. */
import type { LoadReport, LoadStep, StressResult } from '@whetstone/model'
import { expect, it } from 'vitest'
import { capacityLoad, invalidLoad, keptLoad, soakLoad } from '../../test/fixtures/load-reports.ts'
import { generatorStep, loadVerdictOf } from './load-verdict.ts'

const sentence = (report: LoadReport) => loadVerdictOf(report).sentence
const withGenerator = (report: LoadReport, change: Partial<LoadStep['generator']>): LoadReport => ({
  ...report,
  steps: report.steps.map(step => ({ ...step, generator: { ...step.generator, ...change } })),
})

it('a service that only refused is not praised for its speed', () => {
  const failures = ['GET /gone answered 404 to all 236 requests', '2 checks failed']
  const report: LoadReport = { ...keptLoad(), verdict: 'fail', exitCode: 1, failures }
  expect(sentence(report)).toBe('GET /gone answered 404 to all 236 requests, and 2 checks failed')
})

it('a generator is called the limit where it was busy, and late where it was held up', () => {
  const unknown = keptLoad().thresholds.map(result => ({ ...result, state: 'unknown' as const }))
  const invalid = { ...invalidLoad(), thresholds: unknown }
  expect(sentence(invalid)).toBe('The load generator was the limit, so nothing was proved')
  expect(sentence(withGenerator(invalid, { cpuFraction: 0.3 }))).toBe(
    'The load generator was late, so nothing was proved',
  )
  const [first, ...others] = keptLoad().thresholds
  const some = { ...invalid, thresholds: [{ ...first!, state: 'unknown' as const }, ...others] }
  expect(sentence(some)).toMatch(/^The load generator was the limit, so 1 of \d limits could not be judged$/)
})

it('what held before the generator fell behind is told, and that it ended there', () => {
  const { capacity, ...rest } = capacityLoad()
  const ratePerSecond = { estimate: 100, low: 100, high: 100 }
  const report: LoadReport = {
    ...rest,
    capacity: { ...capacity!, outcome: 'above-largest-tried', endedBy: 'generator', ratePerSecond },
  }
  expect(sentence(report)).toMatch(
    /^It carries at least 100 requests per second with .*; above it this generator could not tell$/,
  )
})

it('a search is believed by the generator of the rate that is reported, one load by its worst', () => {
  expect(generatorStep(invalidLoad())?.generator.verdict).toBe('invalid')
  const search = capacityLoad()
  const late = {
    ...search.steps.at(-1)!,
    generator: { ...search.steps.at(-1)!.generator, verdict: 'invalid' as const },
  }
  expect(generatorStep({ ...search, steps: [...search.steps, late] })?.generator.verdict).toBe('healthy')
})

it('a soak without one trend does not say that nothing grows', () => {
  const { soak, ...rest } = soakLoad()
  const trends = soak!.trends.map(({ slopePerHour: _slope, pValue: _p, ...trend }) => ({
    ...trend,
    verdict: 'unclear' as const,
  }))
  expect(sentence({ ...rest, soak: { ...soak!, trends } })).toBe('Too short to tell whether anything grows')
})

it('a stress test says why it has no knee', () => {
  const stressed = (stress: Partial<StressResult>): LoadReport => ({
    ...keptLoad(),
    kind: 'stress',
    stress: { peakGoodputPerSecond: 60, collapsed: false, ...stress },
  })
  expect(sentence(stressed({}))).toBe('It followed to the end: 60 good answers per second')
  expect(sentence(stressed({ endedBy: 'generator' }))).toBe(
    'It follows up to 60 requests per second; above it this generator could not tell',
  )
  const { sentence: first, detail } = loadVerdictOf(stressed({ endedBy: 'first-rate', peakGoodputPerSecond: 5 }))
  expect(first).toBe('It did not even follow the first rate: 5 good answers per second')
  expect(detail).toMatch(/^Begin with a smaller --rate\./)
})
