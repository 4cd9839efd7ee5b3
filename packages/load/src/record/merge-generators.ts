/** Whether several generators together can be trusted: judged on what all of them did, and never better than the worst of them. */
import type { GeneratorHealth, LoadStep, SerializedHistogram } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { judgeGenerator } from './verdict.ts'

/** With a hundred workers on one slow host, a hundred sentences say no more than these. */
const MAX_REASONS = 8
const ranks: Readonly<Record<GeneratorHealth['verdict'], number>> = { healthy: 0, degraded: 1, invalid: 2 }

export interface MergedLags {
  readonly response: SerializedHistogram
  readonly lag: SerializedHistogram | undefined
  readonly connectionWait: SerializedHistogram | undefined
}

export function mergeGenerators(
  steps: readonly LoadStep[],
  workers: readonly string[],
  { response, lag, connectionWait }: MergedLags,
): GeneratorHealth {
  const healths = steps.map(({ generator }) => generator)
  const worst = (of: (health: GeneratorHealth) => number) => Math.max(...healths.map(of))
  const loopDelayP99Ms = worst(health => health.loopDelayP99Ms ?? 0)
  const together = judgeGenerator({
    lagP50Ms: lag ? quantileMs(lag, 0.5) : worst(({ lagP50Ms }) => lagP50Ms),
    lagP99Ms: lag ? quantileMs(lag, 0.99) : worst(({ lagP99Ms }) => lagP99Ms),
    lagMaxMs: lag ? quantileMs(lag, 1) : worst(({ lagMaxMs }) => lagMaxMs),
    responseP99Ms: quantileMs(response, 0.99),
    // Only the worker itself knows what it sent in time; where it failed, its own verdict says so below.
    noticedFraction: 1,
    sentFraction: 1,
    cpuFraction: worst(({ cpuFraction }) => cpuFraction),
    loopDelayP99Ms,
    // Each has judged its own core, knowing how it waits.
    spins: true,
  })
  const verdict = healths.map(health => health.verdict).reduce(worse, together.verdict)
  const named = healths.flatMap((health, index) =>
    health.verdict === verdict && verdict !== 'healthy'
      ? health.reasons.map(reason => `${workers[index]}: ${reason}`)
      : [],
  )
  const reasons = named.length > 0 ? named : together.reasons
  return {
    ...together,
    verdict,
    reasons:
      reasons.length <= MAX_REASONS
        ? reasons
        : [...reasons.slice(0, MAX_REASONS), `and ${reasons.length - MAX_REASONS} more like these`],
    connectionWaitP99Ms: connectionWait
      ? quantileMs(connectionWait, 0.99)
      : worst(health => health.connectionWaitP99Ms ?? 0),
    loopDelayP99Ms,
  }
}

function worse(a: GeneratorHealth['verdict'], b: GeneratorHealth['verdict']): GeneratorHealth['verdict'] {
  return ranks[a] >= ranks[b] ? a : b
}

function quantileMs(histogram: SerializedHistogram, q: number): number {
  return histogram.count === 0 ? 0 : Histogram.fromJSON(histogram).quantile(q) / 1000
}
