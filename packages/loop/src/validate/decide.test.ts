import type { BlockMetric, MetricComparison, TrialBlock, Verdict } from '@whetstone/model'
import { normal, seededRandom } from '@whetstone/stats'
import { describe, expect, it } from 'vitest'
import { decide, type DecideOptions } from './decide.ts'

interface Simulated {
  readonly pairs?: number
  /** b over a, for each route. */
  readonly ratios?: readonly number[]
  /** Standard deviation of a block's logarithm. */
  readonly noise?: number
  readonly seed?: number
  readonly further?: (arm: 'a' | 'b', pair: number) => readonly BlockMetric[]
}

function blocksOf({ pairs = 14, ratios = [1, 1, 1], noise = 0.03, seed = 1, further }: Simulated): TrialBlock[] {
  const random = seededRandom(seed)
  return Array.from({ length: 2 * pairs }, (_, order): TrialBlock => {
    const arm = order % 2 === 0 ? 'a' : 'b'
    const pair = Math.floor(order / 2)
    const metrics = ratios.flatMap((ratio, at): BlockMetric[] => {
      const scale = arm === 'b' ? ratio : 1
      const route = `GET /${at + 1}`
      return [
        { route, name: 'p50Ms', value: (10 - at) * scale * Math.exp(noise * normal(random)) },
        { route, name: 'p95Ms', value: (30 - at) * scale * Math.exp(noise * normal(random)) },
      ]
    })
    return {
      pair,
      arm,
      order,
      startedAt: '2026-01-01T00:00:00.000Z',
      requests: 500,
      errors: 0,
      metrics: [...metrics, ...(further?.(arm, pair) ?? [])],
      generator: 'healthy',
    }
  })
}

function verdictOf(simulated: Simulated, options?: DecideOptions): Verdict {
  return decide(blocksOf(simulated), options).verdict
}

function metricOf(metrics: readonly MetricComparison[], route: string, name: string): MetricComparison {
  return metrics.find(metric => metric.route === route && metric.name === name)!
}

describe('trial verdict', () => {
  it('is worse when one of the gated routes is slower', () => {
    const { verdict, metrics } = decide(blocksOf({ ratios: [1, 1.2, 1] }))
    expect(verdict).toBe('worse')
    expect(metricOf(metrics, 'GET /2', 'p50Ms')).toMatchObject({ verdict: 'worse', gated: true, pairs: 14 })
    expect(metricOf(metrics, 'GET /1', 'p50Ms').verdict).toBe('equal')
  })

  it('is better when a route gained and none lost', () => {
    expect(verdictOf({ ratios: [0.5, 1, 1] })).toBe('better')
  })

  it('is worse when one route gained and another lost', () => {
    expect(verdictOf({ ratios: [0.5, 1.3, 1] })).toBe('worse')
  })

  it('is equal when every interval stays within the margin', () => {
    expect(verdictOf({ noise: 0.01 })).toBe('equal')
  })

  it('ignores a significant change smaller than the margin', () => {
    const { verdict, metrics } = decide(blocksOf({ ratios: [1.02], noise: 0.002 }))
    expect(metrics[0]!.p).toBeLessThan(0.001)
    expect(verdict).toBe('equal')
  })

  it('is unclear on several routes with fewer than fourteen pairs', () => {
    expect(verdictOf({ pairs: 13, ratios: [2, 2, 2] })).toBe('unclear')
    expect(verdictOf({ pairs: 14, ratios: [2, 2, 2] })).toBe('worse')
  })

  it('needs fewer pairs on a single route, but never fewer than the ranks can answer', () => {
    const noErrors = () => [{ route: 'overall', name: 'errorFraction' as const, value: 0 }]
    expect(verdictOf({ pairs: 8, ratios: [2], further: noErrors })).toBe('worse')
    // Six pairs reach p = 0.031, which two gated metrics double.
    expect(verdictOf({ pairs: 6, ratios: [2] })).toBe('unclear')
  })

  it('says too noisy when base differs from itself by more than the margin and nothing is decided', () => {
    const { verdict, guard } = decide(blocksOf({ noise: 0.4 }))
    expect(verdict).toBe('unclear')
    expect(guard).toMatchObject({ pairs: 7, tooNoisy: true })
    expect(guard.spreadFraction).toBeGreaterThan(0.05)
  })

  it('believes a fivefold gain on a noisy machine', () => {
    const { verdict, guard } = decide(blocksOf({ noise: 0.4, ratios: [0.2, 0.2, 0.2] }))
    expect(verdict).toBe('better')
    expect(guard.tooNoisy).toBe(false)
  })

  it('is unclear, not noisy, when too few pairs were run on a calm machine', () => {
    const { verdict, guard } = decide(blocksOf({ pairs: 8, noise: 0.001 }))
    expect(verdict).toBe('unclear')
    expect(guard.tooNoisy).toBe(false)
  })

  it('has the interval around the true ratio', () => {
    const { metrics } = decide(blocksOf({ ratios: [1.2], noise: 0.03 }))
    const { ratio } = metricOf(metrics, 'GET /1', 'p50Ms')
    expect(ratio.low).toBeLessThan(1.2)
    expect(ratio.high).toBeGreaterThan(1.2)
    expect(ratio.high / ratio.low).toBeLessThan(1.08)
  })

  it('is unclear over no blocks at all', () => {
    expect(decide([])).toMatchObject({ verdict: 'unclear', pairs: 0, metrics: [], guard: { tooNoisy: false } })
  })
})

describe('trial gate', () => {
  it('holds the three routes on which most time is waited, and no other', () => {
    const blocks = blocksOf({ ratios: [1, 1, 1, 2] })
    expect(decide(blocks, { weights: new Map([['GET /4', 0.1]]) }).verdict).not.toBe('worse')
    expect(decide(blocks, { weights: new Map([['GET /4', 5]]) }).verdict).toBe('worse')
  })

  it('adjusts the gated p-values by Holm and leaves the others alone', () => {
    const { metrics } = decide(blocksOf({ ratios: [1.5, 1, 1, 1.5] }), { weights: new Map([['GET /4', 0.1]]) })
    const gated = metricOf(metrics, 'GET /1', 'p50Ms')
    expect(gated.pAdjusted).toBeCloseTo(gated.p * 6, 10)
    const free = metricOf(metrics, 'GET /4', 'p50Ms')
    expect(free).toMatchObject({ gated: false, pAdjusted: free.p, verdict: 'worse' })
  })

  it('leaves thrown-out pairs and pairs of one half out', () => {
    const blocks = blocksOf({ pairs: 16 }).map(block => (block.pair === 3 ? { ...block, thrownOut: 'invalid' } : block))
    expect(decide(blocks.slice(0, -1)).pairs).toBe(14)
  })
})

describe('counted metrics', () => {
  const counts =
    (a: number, b: (pair: number) => number) =>
    (arm: 'a' | 'b', pair: number): BlockMetric[] => [
      { route: 'GET /1', name: 'queriesPerRequest', value: arm === 'a' ? a : b(pair) },
    ]

  it('gate hard, with a single pair and without statistics', () => {
    const { verdict, metrics } = decide(blocksOf({ pairs: 1, ratios: [1], further: counts(2, () => 21) }))
    expect(verdict).toBe('worse')
    expect(metricOf(metrics, 'GET /1', 'queriesPerRequest')).toMatchObject({
      deterministic: true,
      gated: true,
      ratio: { estimate: 10.5, low: 10.5, high: 10.5 },
      verdict: 'worse',
    })
  })

  it('are better when every pair counts less', () => {
    expect(verdictOf({ further: counts(21, () => 2) })).toBe('better')
  })

  it('do not move when one pair counts the same', () => {
    expect(verdictOf({ noise: 0.01, further: counts(10, pair => (pair === 5 ? 10 : 12)) })).toBe('equal')
  })

  it('keep a finite ratio when base had none', () => {
    const { verdict, metrics } = decide(blocksOf({ further: counts(0, () => 1) }))
    expect(verdict).toBe('worse')
    expect(metricOf(metrics, 'GET /1', 'queriesPerRequest').ratio.estimate).toBe(1e6)
  })
})

describe('errors', () => {
  const errors =
    (b: number) =>
    (arm: 'a' | 'b'): BlockMetric[] => [{ route: 'overall', name: 'errorFraction', value: arm === 'a' ? 0 : b }]

  it('make a faster arm worse', () => {
    expect(verdictOf({ ratios: [0.3, 0.3, 0.3], further: errors(0.2) })).toBe('worse')
  })

  it('cost nothing while there are none', () => {
    const { metrics } = decide(blocksOf({ ratios: [1.5, 1, 1], further: errors(0) }))
    const gated = metricOf(metrics, 'GET /1', 'p50Ms')
    expect(gated.pAdjusted).toBeCloseTo(gated.p * 6, 10)
    expect(metricOf(metrics, 'overall', 'errorFraction').verdict).toBe('equal')
  })
})

describe('the judge itself', () => {
  it('raises a false alarm in fewer than one of twenty runs, and finds a fifth more time in nine of ten', () => {
    let falseAlarms = 0
    let found = 0
    for (let seed = 1; seed <= 200; seed++) {
      const same = verdictOf({ noise: 0.08, seed })
      if (same === 'worse' || same === 'better') falseAlarms++
      if (verdictOf({ noise: 0.08, seed, ratios: [1.2, 1.2, 1.2] }) === 'worse') found++
    }
    expect(falseAlarms).toBeLessThanOrEqual(10)
    expect(found).toBeGreaterThanOrEqual(180)
  })
})
