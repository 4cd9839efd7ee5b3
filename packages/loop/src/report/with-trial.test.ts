import type { Evidence, MetricComparison, RankedFinding, TrialResult } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { evidenceOf, rankedFinding, reportOf, routeLoad } from './testing/example-run.ts'
import { withGains, withTrial } from './with-trial.ts'

const p95 = (route: string, ratio: number): MetricComparison => ({
  route,
  name: 'p95Ms',
  gated: false,
  deterministic: false,
  a: 100,
  b: 100 * ratio,
  ratio: { estimate: ratio, low: ratio - 0.05, high: ratio + 0.05 },
  p: 0.001,
  pAdjusted: 0.001,
  pairs: 14,
  verdict: 'better',
})
const trialOf = (more: Partial<TrialResult> = {}): TrialResult => ({
  schema: 'trial@1',
  armA: 'slow',
  armB: 'fixed',
  pairs: 14,
  blockMs: 1_000,
  warmUpMs: 500,
  ratePerSecond: 50,
  marginFraction: 0.05,
  seed: 1,
  verdict: 'better',
  guard: { pairs: 7, spreadFraction: 0.02, tooNoisy: false },
  metrics: [p95('GET /orders', 0.4), p95('GET /items', 0.9)],
  blocks: [],
  histograms: { a: routeLoad('', 0).response, b: routeLoad('', 0).response },
  thrownOut: 0,
  durationMs: 1,
  ...more,
})
const rung = (practice: string) => ({ label: practice, practice, p50Ms: 1, p95Ms: 1, p99Ms: 1, requests: 1 })
const evidence: Evidence = {
  ...evidenceOf(routeLoad('GET /orders', 500)),
  history: {
    schema: 'history@1',
    conditions: { warmUpMs: 3_000, measuredMs: 9_000, requests: 500, generatorVerdict: 'healthy', stealFraction: 0 },
    earlier: [],
  },
}
const report = reportOf({ evidence })

describe('a diagnosis with its trial', () => {
  it.each([
    ['better', trialOf(), 'better', 0],
    ['worse', trialOf({ verdict: 'worse' }), 'worse', 1],
    ['unclear', trialOf({ verdict: 'unclear' }), 'unclear', 4],
    [
      'noisy',
      trialOf({ verdict: 'unclear', guard: { pairs: 7, spreadFraction: 0.3, tooNoisy: true } }),
      'too-noisy',
      4,
    ],
  ])('ends as the trial does: %s', (_, trial, verdict, exitCode) =>
    expect(withTrial({ report, evidence }, { trial, ladder: [] }).report).toMatchObject({ verdict, exitCode }),
  )

  it('judges the machine by what the trial showed of it', () => {
    const trial = trialOf({ guard: { pairs: 7, spreadFraction: 0.25, tooNoisy: false } })
    const proved = withTrial({ report, evidence }, { trial, ladder: [] })
    expect(proved.evidence.history?.conditions).toMatchObject({ trialPairs: 14, guardSpreadFraction: 0.25 })
    expect(proved.report.warnings).toEqual(['this measurement is weak: the same code against itself differed by 25 %'])
  })
})

describe('the measured gain of a finding', () => {
  const promised: Partial<RankedFinding> = {
    predicted: {
      p95Ms: { beforeMs: 100, estimate: 40, low: 35, high: 50 },
      traces: 9,
      method: 'trace-replay',
    },
  }
  const orders = rankedFinding('n-plus-one', { route: 'GET /orders' }, promised)
  const gains = (findings: readonly RankedFinding[], ladder: readonly string[], trial = trialOf()) =>
    withGains(findings, { trial, ladder: ladder.map(rung) }).map(({ measured }) => measured?.ratio.estimate)

  it('is that of its route, when it alone was remedied there', () => {
    const [finding] = withGains([orders], { trial: trialOf(), ladder: [rung('n-plus-one')] })
    expect(finding?.measured).toEqual({
      metric: 'p95Ms',
      before: 100,
      after: 40,
      ratio: { estimate: 0.4, low: 0.4 - 0.05, high: 0.4 + 0.05 },
    })
  })

  it('is left out where the trial cannot tell', () => {
    const other = rankedFinding('missing-index', { route: 'GET /orders' }, promised)
    const bytes = rankedFinding('response-compression', { route: 'GET /items' })
    const everywhere = rankedFinding('pool-size', {}, promised)
    expect(gains([orders, other], ['n-plus-one', 'missing-index'])).toEqual([undefined, undefined])
    expect(gains([orders, other], ['n-plus-one'])).toEqual([0.4, undefined])
    expect(gains([bytes, everywhere], ['response-compression', 'pool-size'])).toEqual([undefined, undefined])
    expect(gains([orders], [])).toEqual([undefined])
    const noisy = trialOf({ guard: { pairs: 7, spreadFraction: 0.3, tooNoisy: true } })
    expect(gains([orders], ['n-plus-one'], noisy)).toEqual([undefined])
  })
})
