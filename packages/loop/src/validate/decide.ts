/** The judgement of a trial, from its blocks alone: it can be repeated on a saved run, and simulated a thousand times. */
import type { MetricComparison, MetricName, RouteName, TrialBlock, TrialResult, Verdict } from '@whetstone/model'
import { holm } from '@whetstone/stats'
import {
  compareCounted,
  compareErrors,
  compareTimed,
  countedVerdict,
  kindOf,
  verdictOf,
  type Comparison,
} from './compare.ts'
import { gateOf } from './gate.ts'
import { baseNoise, guardPairs } from './guard.ts'
import { completePairs, pairedValues, type BlockPair } from './pairs.ts'

export interface DecideOptions {
  /** Smallest change worth a verdict; default 0.05. */
  readonly marginFraction?: number
  /** Level of the whole run, all gated metrics together; default 0.05. */
  readonly level?: number
  readonly weights?: ReadonlyMap<RouteName, number>
  /** How many of the heaviest routes are gated; default 3. */
  readonly gatedRoutes?: number
  /** Default p50 and p95. */
  readonly gatedMetrics?: readonly MetricName[]
  /** Fewest pairs for a verdict on several routes; default 14. */
  readonly minimumPairs?: number
}

export type Decision = Pick<TrialResult, 'verdict' | 'guard' | 'metrics' | 'pairs' | 'marginFraction'>

const defaultMarginFraction = 0.05
/** Counts have no noise to allow for, only rounding. */
const COUNTED_MARGIN = Math.log(1.01)
/** Half a percentage point more errors is worth a verdict whatever the latency. */
const ERROR_MARGIN = 0.005
const LARGER_IS_BETTER: ReadonlySet<MetricName> = new Set(['ratePerSecond'])

interface GuardInput {
  readonly verdict: Verdict
  readonly pairs: readonly BlockPair[]
  readonly marginFraction: number
  /** Too few pairs are left because some were thrown out. */
  readonly lostPairs: boolean
}

interface Judged {
  readonly key: Pick<MetricComparison, 'route' | 'name'>
  readonly comparison: Comparison
  readonly gated: boolean
  readonly noise: number
}

export function decide(blocks: readonly TrialBlock[], options: DecideOptions = {}): Decision {
  const marginFraction = options.marginFraction ?? defaultMarginFraction
  const pairs = completePairs(blocks)
  const judged = compareAll(pairs, options)
  const adjusted = adjustedForGate(judged)
  const timed = judged.filter(({ gated, key }) => gated && kindOf(key.name) === 'timed')
  const several = new Set(timed.map(({ key }) => key.route)).size > 1
  const minimumPairs = options.minimumPairs ?? 14
  const enough = !several || pairs.length >= minimumPairs
  const metrics = judged.map((one, at) => {
    const pAdjusted = adjusted[at]!
    const verdict = judge(one, pAdjusted, Math.log1p(marginFraction), options.level ?? 0.05, enough)
    return asMetric(one, pAdjusted, verdict)
  })
  const verdict = overall(metrics)
  const lostPairs = pairs.length < minimumPairs && blocks.some(block => block.thrownOut !== undefined)
  return {
    verdict,
    marginFraction,
    pairs: pairs.length,
    metrics,
    guard: guardOf(judged, { verdict, pairs, marginFraction, lostPairs }),
  }
}

function compareAll(pairs: readonly BlockPair[], options: DecideOptions): Judged[] {
  const keys = metricKeys(pairs)
  const isGated = gateOf(pairs, keys, {
    weights: options.weights ?? new Map(),
    gatedRoutes: options.gatedRoutes ?? 3,
    gatedMetrics: options.gatedMetrics ?? ['p50Ms', 'p95Ms'],
  })
  return keys.map(key => {
    const kind = kindOf(key.name)
    const compare = { timed: compareTimed, counted: compareCounted, errors: compareErrors }[kind]
    return {
      key,
      comparison: compare(pairedValues(pairs, key)),
      gated: isGated(key),
      noise: kind === 'timed' ? baseNoise(pairs, key) : 0,
    }
  })
}

function metricKeys(pairs: readonly BlockPair[]): Judged['key'][] {
  const keys = new Map<string, Judged['key']>()
  for (const { a, b } of pairs) {
    for (const { route, name } of [...a.metrics, ...b.metrics]) keys.set(`${name} ${route}`, { route, name })
  }
  return [...keys.values()]
}

/** Holm over the gated ones; metrics that nothing depends on keep their own p. */
function adjustedForGate(judged: readonly Judged[]): number[] {
  // Errors are zero in most trials and then ask nothing; counts are not statistics.
  const asked = judged.filter(({ gated, key, comparison }) => {
    const kind = kindOf(key.name)
    return gated && (kind === 'timed' || (kind === 'errors' && comparison.p < 1))
  })
  const adjusted = new Map(holm(asked.map(({ comparison }) => comparison.p)).map((p, at) => [asked[at], p]))
  return judged.map(one => adjusted.get(one) ?? one.comparison.p)
}

function judge(one: Judged, pAdjusted: number, margin: number, level: number, enough: boolean): Verdict {
  const { key, comparison, noise } = one
  const kind = kindOf(key.name)
  if (kind === 'counted') return countedVerdict(comparison, COUNTED_MARGIN)
  if (kind === 'timed' && !enough) return 'unclear'
  const rule = { margin: kind === 'errors' ? ERROR_MARGIN : margin, level, noise }
  return verdictOf(comparison, pAdjusted, rule, LARGER_IS_BETTER.has(key.name))
}

function asMetric({ key, comparison, gated }: Judged, pAdjusted: number, verdict: Verdict): MetricComparison {
  const { a, b, ratio, p, pairs } = comparison
  return { ...key, gated, deterministic: kindOf(key.name) === 'counted', a, b, ratio, p, pAdjusted, pairs, verdict }
}

/** Anything worse makes the run worse: a gain on one route does not pay for a loss on another. */
function overall(metrics: readonly MetricComparison[]): Verdict {
  const gated = metrics.filter(metric => metric.gated)
  const verdicts = new Set(gated.map(({ verdict }) => verdict))
  if (verdicts.has('worse')) return 'worse'
  if (verdicts.has('better')) return 'better'
  const timed = gated.filter(({ deterministic }) => !deterministic)
  return timed.length > 0 && timed.every(({ verdict }) => verdict === 'equal') ? 'equal' : 'unclear'
}

/**
 * Too noisy is said only where nothing could be decided: a fivefold gain is believed on a noisy machine too. A generator
 * too busy to be trusted in a block is noise of the same kind.
 */
function guardOf(
  judged: readonly Judged[],
  { verdict, pairs, marginFraction, lostPairs }: GuardInput,
): TrialResult['guard'] {
  const spread = Math.max(0, ...judged.filter(({ gated }) => gated).map(({ noise }) => noise))
  const spreadFraction = Math.expm1(spread)
  const tooNoisy = verdict === 'unclear' && (spreadFraction > marginFraction || lostPairs)
  return { pairs: guardPairs(pairs), spreadFraction, tooNoisy }
}
