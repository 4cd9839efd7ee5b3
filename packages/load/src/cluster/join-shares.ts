/** One result out of the workers' shares; what a lost worker had not handed over is named, never made up. */
import { WhetstoneError, exitCodes, percentText } from '@whetstone/model'
import type { GeneratorHealth, LoadStep, LostShare } from '@whetstone/model'
import type { LoadResult } from '../engine/live.ts'
import { meanRate } from '../engine/plan-figures.ts'
import type { LoadPlan } from '../plan.ts'
import { mergeSteps } from '../record/merge.ts'
import { offeredFractionBefore } from './lost-load.ts'
import type { Share } from './share.ts'

/** Throws `WHET_LOAD_WORKERS` when no worker handed over anything. */
export function joinShares(
  plan: LoadPlan,
  shares: readonly Share[],
  stopped: LoadResult['stopped'] | undefined,
): LoadResult {
  const telling = shares.filter(({ step }) => step !== undefined)
  const lost = shares.filter(({ result }) => result === undefined)
  if (telling.length === 0) {
    throw new WhetstoneError('WHET_LOAD_WORKERS', `all ${shares.length} workers were lost: ${reasonsOf(lost)[0]}`, {
      exitCode: exitCodes.target,
      hint: 'look at the output of the workers',
    })
  }
  const merged = mergeSteps(
    telling.map(named(({ step }) => step)),
    telling.map(({ name }) => name),
  )
  const measure = {
    ...merged,
    offeredRatePerSecond: plan.closed ? merged.offeredRatePerSecond : meanRate(plan),
  }
  const warmUps = telling.filter(({ result }) => result?.warmUp !== undefined)
  const warnings = [...new Set(shares.flatMap(({ result }) => result?.warnings ?? []))]
  const ownStop = shares.some(({ result }) => result?.stopped === 'aborted') ? 'aborted' : 'finished'
  return {
    ...(warmUps.length === 0
      ? {}
      : {
          warmUp: mergeSteps(
            warmUps.map(named(({ result }) => result?.warmUp)),
            warmUps.map(({ name }) => name),
          ),
        }),
    measure: lost.length === 0 ? measure : withLoss(measure, lost, lostShare(plan, lost)),
    stopped: stopped ?? ownStop,
    ...(warnings.length === 0 ? {} : { warnings }),
    workers: shares.map(({ told }) => told),
  }
}

const named = (stepOf: (share: Share) => LoadStep | undefined) => (share: Share) => stepOf(share)!

function lostShare(plan: LoadPlan, lost: readonly Share[]): LostShare {
  const ofWorkers = lost[0]!.of
  const missing = lost.map(({ step }) => 1 - offeredFractionBefore(plan, step?.durationMs ?? 0))
  return { workers: lost.length, ofWorkers, fraction: missing.reduce((sum, one) => sum + one, 0) / ofWorkers }
}

function withLoss(measure: LoadStep, lost: readonly Share[], share: LostShare): LoadStep {
  const { generator } = measure
  const verdict: GeneratorHealth['verdict'] = generator.verdict === 'invalid' ? 'invalid' : 'degraded'
  const missing = `${percentText(share.fraction)} of the load is missing`
  return {
    ...measure,
    lost: share,
    generator: { ...generator, verdict, reasons: [`${reasonsOf(lost).join('; ')}: ${missing}`, ...generator.reasons] },
  }
}

function reasonsOf(lost: readonly Share[]): string[] {
  return lost.map(({ name, index, of, lostBecause }) => `${name} (${index + 1} of ${of}) ${lostBecause ?? 'was lost'}`)
}
