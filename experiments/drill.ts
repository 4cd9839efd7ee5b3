/** Carries a drill out: the detector reports on `before` and is silent on `after`, and both arms are counted in turns, each time as fresh processes. */
import { cpus } from 'node:os'
import { practiceById } from '@whetstone/catalogue'
import { identifyAgain } from '@whetstone/loop'
import type { EarlierLoad, Evidence, HistoryEvidence } from '@whetstone/model'
import { median, quantile, seededRandom, shuffled, signedRank } from '@whetstone/stats'
import { type ArmName, type ArmStart, compiledCommand, hashOf } from './arms.ts'
import { bundleArm } from './bundle.ts'
import { capacityOf } from './count.ts'
import { countings } from './countings.ts'
import type { Drill } from './define.ts'
import { type HitFractionScore, missedHits, promisedHits } from './hit-fraction.ts'
import { keptOf, type Recording } from './record.ts'
import { stressLoad } from './overload.ts'
import { wantSameAnswers } from './peak-memory.ts'
import { onStand, type Stand, type StandOptions } from './stand.ts'

export interface DrillResult {
  readonly schema: 'whetstone/drill@1'
  readonly practice: string
  readonly chapter: string
  /** Hash of the drill and the practice; a stale result fails the tests. */
  readonly hash: string
  readonly reportedOnBefore: boolean
  readonly silentOnAfter: boolean
  /** `requests cut off at each stop`. */
  readonly counts: string
  readonly better: 'less' | 'more'
  /** One entry a round, in the order of the rounds. */
  readonly before: readonly number[]
  readonly after: readonly number[]
  /** How many times better, of the medians; nothing left counts as one. */
  readonly ratio: number
  /** Exact signed-rank test of the differences within the rounds, two-sided. */
  readonly pValue: number
  readonly verdict: 'better' | 'unclear'
  /** Where statements are counted and a cache was simulated. */
  readonly hitFraction?: HitFractionScore
  readonly findingsBefore: readonly string[]
  readonly findingsAfter: readonly string[]
  readonly machine: string
}

export interface DrillOptions extends StandOptions {
  readonly experiment: Drill
}

const rounds = 10
const quickRounds = 2
const significant = 0.05

/** Where the tests are the evidence, they are counted once more for it, so that no round is judged by itself. */
export function runDrill(
  options: DrillOptions,
): Promise<{ readonly result: DrillResult; readonly recording: Recording | undefined }> {
  return onStand(options, async stand => {
    const { experiment } = options
    const bundle = await bundleArm(options.file)
    const start = (arm: ArmName, workers?: number) => compiledCommand(bundle, arm, stand.command(arm, workers))
    try {
      const judged = {
        before: await judge('before', options, stand, start),
        after: await judge('after', options, stand, start),
      }
      if (experiment.drill === 'peak-memory') await wantSameAnswers(start('before'), start('after'), stand.workload)
      const counted: Record<ArmName, number[]> = { before: [], after: [] }
      const random = seededRandom(1)
      for (let round = 0; round < (options.quick ? quickRounds : rounds); round++) {
        options.signal.throwIfAborted()
        for (const arm of shuffled<ArmName>(['before', 'after'], random))
          counted[arm].push(
            await countings[experiment.drill].count({
              arm,
              file: options.file,
              experiment,
              stand,
              start: workers => start(arm, workers),
            }),
          )
        options.onProgress({
          kind: 'note',
          label: `round ${round + 1}`,
          detail: `before ${counted.before.at(-1)}, after ${counted.after.at(-1)}`,
        })
      }
      const practice = practiceById(experiment.practice)
      return {
        result: await resultOf(options, judged, counted),
        recording:
          practice && keptOf(judged.before.evidence, practice, `drill ${options.chapter}/${practice.id}, before`),
      }
    } finally {
      await bundle.remove()
    }
  })
}

interface Judged {
  readonly evidence: Evidence
  readonly isReported: boolean
  readonly isSilent: boolean
  /** What the report says, one line each. */
  readonly lines: readonly string[]
  /** Of the cache that the practice proposes. */
  readonly predictedHits?: HitFractionScore['predicted']
}

type Start = (arm: ArmName, workers?: number) => ArmStart

async function judge(arm: ArmName, options: DrillOptions, stand: Stand, start: Start): Promise<Judged> {
  const { experiment } = options
  const evidence =
    experiment.drill === 'failover'
      ? await onStand(
          { ...options, experiment: aloneOn(arm, experiment) },
          async own => (await own.diagnosis(arm)).evidence,
        )
      : await evidenceOf(arm, experiment, stand, start)
  const settings = experiment.settings ? { [experiment.practice]: experiment.settings } : {}
  const { findings, coverage } = identifyAgain(evidence, undefined, settings)
  const own = coverage.find(({ practice }) => practice === experiment.practice)
  const found = findings.flatMap(({ practice, severity, title, also }) =>
    [practice, ...also.map(one => one.practice)].map(name => ({
      practice: name,
      line: `${severity} ${name}: ${title}`,
    })),
  )
  if (experiment.row && own)
    return {
      evidence,
      isReported: own.state === 'unknown',
      isSilent: own.state === 'pass',
      lines: [...found.map(({ line }) => line), `${own.state} ${own.practice}: ${own.note}`],
    }
  const isReported = found.some(({ practice }) => practice === experiment.practice)
  const promised = promisedHits(findings, experiment.practice)
  return {
    evidence,
    isReported,
    isSilent: !isReported,
    lines: found.map(({ line }) => line),
    ...(promised ? { predictedHits: promised.predicted } : {}),
  }
}

/** What differs is the cluster itself, so each arm is looked at on one of its own. */
function aloneOn(arm: ArmName, experiment: Drill): Drill {
  const { schema: _, ...other } = experiment[arm === 'before' ? 'after' : 'before']
  const alone = { [arm]: experiment[arm], [arm === 'before' ? 'after' : 'before']: other }
  return { ...experiment, ...alone, replicas: experiment[arm].standbys ?? 0 }
}

async function evidenceOf(arm: ArmName, experiment: Drill, stand: Stand, start: Start): Promise<Evidence> {
  switch (experiment.drill) {
    case 'capacity':
    case 'scaling':
      return afterLoads(await capacityLoads(arm, experiment, stand, start))
    case 'overload':
      return afterLoads([await stressLoad(start(arm), stand.workload, experiment.load.ratePerSecond)])
    default:
      return (await stand.diagnosis(arm)).evidence
  }
}

async function capacityLoads(
  arm: ArmName,
  experiment: Drill,
  stand: Stand,
  start: Start,
): Promise<readonly EarlierLoad[]> {
  const workers = experiment.drill === 'scaling' ? [1, 2] : [1]
  const loads: EarlierLoad[] = []
  for (const processes of workers) {
    const { ratePerSecond, curve, cpuBusyFraction } = await capacityOf(start(arm, processes), stand.workload)
    loads.push({
      id: `${processes}`,
      startedAt: new Date().toISOString(),
      kind: 'capacity',
      verdict: 'pass',
      durationMs: 10_000,
      processes,
      cpuBusyFraction,
      capacity: {
        outcome: 'found',
        ratePerSecond: { estimate: ratePerSecond, low: ratePerSecond * 0.97, high: ratePerSecond * 1.03 },
      },
      curve,
    })
  }
  return loads
}

function afterLoads(loads: readonly EarlierLoad[]): Evidence {
  const history: HistoryEvidence = {
    schema: 'history@1',
    conditions: { warmUpMs: 1_000, measuredMs: 10_000, requests: 1_000, generatorVerdict: 'healthy', stealFraction: 0 },
    earlier: [],
    loads,
  }
  return { history }
}

async function resultOf(
  options: DrillOptions,
  judged: Readonly<Record<ArmName, Judged>>,
  counted: Readonly<Record<ArmName, readonly number[]>>,
): Promise<DrillResult> {
  const { practice, drill } = options.experiment
  const { counts, better } = countings[drill]
  const least = drill === 'scaling' ? 0.05 : 1
  const middle = (arm: ArmName) => Math.max(least, median(counted[arm]))
  const gains = counted.before.map((before, at) =>
    better === 'less' ? before - counted.after[at]! : counted.after[at]! - before,
  )
  const { p } = signedRank(gains)
  const list = cpus()
  const { predictedHits } = judged.before
  const hits = (drill === 'statements' || drill === 'misses') &&
    predictedHits && {
      predicted: predictedHits,
      measured: 1 - median(counted.after) / median(counted.before),
    }
  return {
    schema: 'whetstone/drill@1',
    practice,
    chapter: options.chapter,
    hash: await hashOf(options),
    reportedOnBefore: judged.before.isReported,
    silentOnAfter: judged.after.isSilent,
    counts,
    better,
    before: counted.before,
    after: counted.after,
    ratio: better === 'less' ? middle('before') / middle('after') : middle('after') / middle('before'),
    pValue: p,
    // Two rounds of the short form prove nothing by chance: there it has to be better in both.
    verdict:
      (p < significant && quantile(gains, 0.5) > 0) || (options.quick && gains.every(gain => gain > 0))
        ? 'better'
        : 'unclear',
    ...(hits ? { hitFraction: hits } : {}),
    findingsBefore: judged.before.lines,
    findingsAfter: judged.after.lines,
    machine: `${list.length} cores, ${list[0]?.model.trim() ?? 'unknown CPU'}, ${process.platform} ${process.arch}`,
  }
}

/** What is not proved, in words; empty when everything is. */
export function undone(
  { reportedOnBefore, silentOnAfter, verdict, pValue, ratio, hitFraction }: DrillResult,
  { expects }: Drill,
): readonly string[] {
  return [
    ...(reportedOnBefore ? [] : ['not reported on its fault']),
    ...(silentOnAfter ? [] : ['still reported on its remedy']),
    ...(verdict === 'better' ? [] : [`no clear difference (p ${pValue.toPrecision(2)})`]),
    ...(ratio >= expects.atLeast ? [] : [`${ratio.toPrecision(3)} times better, expected ${expects.atLeast}`]),
    ...missedHits(hitFraction, 'empty'),
  ]
}
