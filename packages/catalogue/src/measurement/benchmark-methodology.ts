/** Whether the figures of this run deserve trust: warm-up, enough requests, a generator that kept up, a quiet machine. */
import { ask, definePractice, type Fact, type Finding, findings, fingerprintOf, pass } from '@whetstone/model'
import { countText, fact, msText, percentText } from '../derive/figures.ts'

export const benchmarkMethodology = definePractice({
  id: 'benchmark-methodology',
  chapter: 'measurement',
  title: 'Sound benchmarking methodology',
  why: 'A measurement without warm-up, repeats and a quiet machine shows the machine; decisions made on it are decisions by chance.',
  unless: ['Only a rough look was wanted, and nothing is decided on it.'],
  sources: [
    'https://github.com/giltene/wrk2',
    'https://dl.acm.org/doi/10.1145/1297027.1297033',
    'https://www.brendangregg.com/activebenchmarking.html',
  ],
  needs: ['history'],
  optional: ['host'],
  thresholds: {
    warmUpMs: { value: 1_000, unit: 'ms', source: 'JIT, pools and caches settle within the first second of load' },
    requests: { value: 200, unit: 'count', source: 'a p95 with ten requests above it' },
    stealFraction: {
      value: 0.02,
      unit: 'fraction',
      source: 'a fiftieth of the CPU taken by the hypervisor is a visible tail',
    },
    guardSpreadFraction: {
      value: 0.1,
      unit: 'fraction',
      source: 'the same code twice differs by a tenth: nothing smaller can be seen',
    },
  },
  remedy: {
    summary: 'Warm up, send at a fixed rate, repeat in turns, and compare a build with itself first.',
    example: {
      language: 'ts',
      before: `// wrk -c 100 once before and once after the change`,
      after: `// whetstone trial --a 'node old.js' --b 'node new.js': pairs in random order, with an A/A guard`,
    },
  },
  detect({ history: { conditions }, host }, thresholds) {
    const weak: Weakness[] = []
    const { warmUpMs, requests, generatorVerdict, guardSpreadFraction, trialPairs } = conditions
    // The worst second alone condemns no run of many seconds.
    const stealFraction =
      host && host.samples.length > 0
        ? mean(host.samples.map(sample => sample.stealFraction))
        : conditions.stealFraction
    if (generatorVerdict === 'invalid')
      weak.push({
        text: 'the load generator could not keep up',
        remedy: 'Lower --rate, or run the generator on a machine of its own.',
      })
    if (stealFraction >= thresholds.stealFraction)
      weak.push({
        text: `${percentText(stealFraction)} of the CPU was taken by other machines`,
        remedy: 'Measure on a machine that is not shared, or at a quieter time.',
      })
    if (warmUpMs < thresholds.warmUpMs)
      weak.push({ text: `a warm-up of ${msText(warmUpMs)}`, remedy: 'Let the service warm up for some seconds first.' })
    if (requests > 0 && requests < thresholds.requests)
      weak.push({ text: `${countText(requests)} answers in all`, remedy: 'Measure longer, or at a higher --rate.' })
    if (guardSpreadFraction !== undefined && guardSpreadFraction >= thresholds.guardSpreadFraction)
      weak.push({
        text: `the same code against itself differed by ${percentText(guardSpreadFraction)}`,
        remedy: 'Close what else runs on the machine, or take more pairs.',
      })
    const facts = [
      fact('warm-up', warmUpMs, 'ms', 'history'),
      fact('answers measured', requests, 'count', 'history'),
      fact('CPU taken by the hypervisor', stealFraction, 'fraction', 'history'),
      ...(trialPairs === undefined ? [] : [fact('interleaved pairs', trialPairs, 'count', 'history')]),
    ]
    if (requests === 0) return ask('Did the measurement stop before the first request?', facts)
    if (weak.length > 0) return findings([describe(weak, facts)])
    return pass(facts, `warm-up ${msText(warmUpMs)}, ${countText(requests)} requests, generator ${generatorVerdict}`)
  },
})

const mean = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length

interface Weakness {
  readonly text: string
  readonly remedy: string
}

function describe(weak: readonly Weakness[], facts: readonly Fact[]): Finding {
  const where = { resource: 'this measurement' }
  return {
    fingerprint: fingerprintOf('benchmark-methodology', where),
    practice: 'benchmark-methodology',
    title: `this measurement is weak: ${weak.map(({ text }) => text).join('; ')}`,
    where,
    facts,
    confidence: 'measured',
    remedy: {
      summary: 'Measure again before anything is decided on these figures.',
      steps: weak.map(({ remedy }) => remedy),
    },
  }
}
