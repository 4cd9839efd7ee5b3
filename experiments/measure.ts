/** Carries one experiment out: four proofs and the score of the prediction made before the remedy was measured. */
import { writeFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { practiceById } from '@whetstone/catalogue'
import { loadTarget, runInProcess } from '@whetstone/load'
import { commandArm, loadBlock, runTrial, type Diagnosis } from '@whetstone/loop'
import type { PredictedQuantile, Prediction, TrialResult, Workload } from '@whetstone/model'
import { type ArmName, type ArmStart, compiledCommand, hashOf } from './arms.ts'
import { bundleArm } from './bundle.ts'
import { type CacheCurve, cacheCurve } from './cache-curve.ts'
import type { Experiment } from './define.ts'
import { cacheReadP50Ms } from './cache-read.ts'
import { type HitFractionScore, scoredHits } from './hit-fraction.ts'
import { keptOf, type Recording } from './record.ts'
import { onStand, type Stand, type StandOptions } from './stand.ts'

export interface ExperimentResult {
  readonly schema: 'whetstone/experiment@1'
  readonly practice: string
  readonly chapter: string
  /** Hash of the experiment and the practice; a stale result fails the tests. */
  readonly hash: string
  readonly reportedOnBefore: boolean
  readonly silentOnAfter: boolean
  readonly answer: string
  readonly metric: string
  /** before over after: how many times better, with its 95 % interval. */
  readonly ratio: { readonly estimate: number; readonly low: number; readonly high: number }
  readonly verdict: TrialResult['verdict'] | 'too-noisy'
  /** From the traces of `before`, written down before `after` was started. */
  readonly predicted: { readonly p50Ms?: PredictedQuantile; readonly bytes?: Prediction['bytes'] } | null
  /**
   * Of the route the prediction is about, under the load and the probe it was predicted from: a trial's short blocks
   * measure processes that have hardly warmed up, which is fair to both arms and to no prediction.
   */
  readonly measuredP50Ms: { readonly before: number; readonly after: number }
  /** Where a cache was simulated; measured under the same load as the times. */
  readonly hitFraction?: HitFractionScore
  /** Of a read of a cache on the network, as the service of `before` waits for it; where it has one. */
  readonly cacheReadP50Ms?: number
  /** Where the experiment has a `sweep`. */
  readonly cacheCurve?: CacheCurve
  readonly findingsBefore: readonly string[]
  readonly findingsAfter: readonly string[]
  readonly statements: { readonly before: readonly string[]; readonly after: readonly string[] }
  readonly plans: { readonly before: readonly unknown[]; readonly after: readonly unknown[] }
  readonly machine: string
}

export interface MeasureOptions extends StandOptions {
  readonly experiment: Experiment
}

export interface MeasuredExperiment {
  readonly result: ExperimentResult
  /** Evidence of the fault, cut to what the practice reads; undefined where it was not reported. */
  readonly recording: Recording | undefined
}

export function measureExperiment(options: MeasureOptions): Promise<MeasuredExperiment> {
  return onStand(options, stand => measureArms(options, stand))
}

export type ScoredPrediction = Pick<ExperimentResult, 'predicted' | 'measuredP50Ms' | 'hitFraction'>

/** Both arms under their load, without a trial: what a change of the predictor or of a detector is measured by. */
export function predictExperiment(
  options: MeasureOptions,
): Promise<{ readonly scored: ScoredPrediction; readonly recording: Recording | undefined }> {
  return onStand(options, async stand => {
    const { before, after, predicted } = await diagnoseArms(options, stand)
    return {
      scored: scoredPrediction({ before, after, predicted }, options.experiment.practice),
      recording: recordingFrom(options, before),
    }
  })
}

async function measureArms(options: MeasureOptions, stand: Stand): Promise<MeasuredExperiment> {
  const { before, after, predicted } = await diagnoseArms(options, stand)
  const bundle = await bundleArm(options.file)
  try {
    const compiled = (arm: ArmName) => compiledCommand(bundle, arm, stand.command(arm))
    const answer = await compareAnswers(options.experiment, compiled('before'), compiled('after'))
    const trial = await tryArms(options, stand.workload, compiled)
    const result = resultOf(options, { before, after, trial, predicted, answer, hash: await hashOf(options) })
    return { result, recording: recordingFrom(options, before) }
  } finally {
    await bundle.remove()
  }
}

function tryArms(
  options: MeasureOptions,
  workload: Workload,
  compiled: (arm: ArmName) => ArmStart,
): Promise<TrialResult> {
  return runTrial({
    arms: { a: commandArm('before', compiled('before')), b: commandArm('after', compiled('after')) },
    workload,
    // The runner has nothing else to do meanwhile; a process for each block would cost more than the block.
    measureBlock:
      options.experiment.warmed === false
        ? loadBlock({ runLoad: runInProcess })
        : warmedBlock(options.quick ? 100 : 500),
    ratePerSecond: options.experiment.load.ratePerSecond,
    seed: 1,
    pairs: options.quick ? 3 : 14,
    ...(options.quick ? { minimumPairs: 3 } : {}),
    blockMs: options.quick ? 600 : 1_000,
    warmUpMs: 400,
    onProgress: progress => {
      const { done, planned: total } = progress
      if (progress.kind === 'pair-thrown-out')
        options.onProgress({ kind: 'warning', text: `a pair was thrown out: ${progress.reason}` })
      else options.onProgress({ kind: 'block', done, total, label: 'trial' })
    },
    signal: options.signal,
  })
}

/**
 * One user as fast as answers come, for the same time on both arms, before each block: at a few requests a second a fresh
 * process would be measured while its code is still being compiled, as no service that has run for an hour is.
 */
function warmedBlock(warmMs: number): Parameters<typeof runTrial>[0]['measureBlock'] {
  const block = loadBlock({ runLoad: runInProcess })
  return async (baseUrl, phase) => {
    const { measure } = await runInProcess(
      {
        target: loadTarget(new URL(baseUrl)),
        routes: phase.workload.routes,
        closed: { users: 1 },
        ratePerSecond: 1,
        durationMs: warmMs,
        warmUpMs: 0,
        arrivals: 'uniform',
        seed: phase.seed,
        maxConnections: 1,
        timeoutMs: 10_000,
      },
      phase.signal ? { signal: phase.signal } : {},
    )
    const measured = await block(baseUrl, phase)
    return { ...measured, warmUpRequests: (measured.warmUpRequests ?? 0) + measure.sent }
  }
}

async function diagnoseArms({ experiment, onProgress }: MeasureOptions, stand: Stand) {
  const before = await stand.diagnosis('before')
  const predicted = findingOf(before, experiment.practice)?.predicted
  // On disk before the after-arm starts: a prediction made later would not be one.
  await writeFile(join(stand.base, 'prediction.json'), JSON.stringify(predicted ?? null))
  const after = await stand.diagnosis('after')
  for (const [label, { report }] of Object.entries({ before, after })) {
    const own = report.coverage.find(row => row.practice === experiment.practice)
    const found = report.findings.map(lineOf).join('; ') || 'nothing found'
    onProgress({ kind: 'note', label, detail: `${found} (${experiment.practice}: ${own?.state}, ${own?.note})` })
  }
  return { before, after, predicted }
}

function scoredPrediction(
  { before, after, predicted }: Pick<Measured, 'before' | 'after' | 'predicted'>,
  practice: string,
): ScoredPrediction {
  const hitFraction = scoredHits(before.report.findings, practice, { before: before.evidence, after: after.evidence })
  return {
    predicted: predicted
      ? {
          ...(predicted.p50Ms ? { p50Ms: predicted.p50Ms } : {}),
          ...(predicted.bytes ? { bytes: predicted.bytes } : {}),
        }
      : null,
    measuredP50Ms: { before: p50Of(before, predicted?.route), after: p50Of(after, predicted?.route) },
    ...(hitFraction ? { hitFraction } : {}),
  }
}

/** Undefined for a second experiment of a practice: the first one's is enough, and this one's may be too long for anybody to read. */
function recordingFrom({ file, chapter, experiment }: MeasureOptions, before: Diagnosis): Recording | undefined {
  if (basename(file, '.ts') !== experiment.practice) return undefined
  const practice = practiceById(experiment.practice)
  return practice && keptOf(before.evidence, practice, `experiment ${chapter}/${practice.id}, before`)
}

/** The same requests to both arms; says in words how the answers agree. @throws Error when they do not */
async function compareAnswers(experiment: Experiment, before: ArmStart, after: ArmStart): Promise<string> {
  if (typeof experiment.answer === 'object' && experiment.answer.kind === 'contract-change')
    return `contract change: ${experiment.answer.what}`
  const compare = experiment.answer === 'same' ? (a: string, b: string) => a === b : experiment.answer.compare
  const [a, b] = [await commandArm('before', before).start(), await commandArm('after', after).start()]
  try {
    let compared = 0
    for (const { paths, headers = {}, method = 'GET', body } of experiment.requests) {
      for (const path of paths.slice(0, 20)) {
        const init = { method, headers, ...(body === undefined ? {} : { body }) }
        const [one, two] = await Promise.all([text(a.baseUrl + path, init), text(b.baseUrl + path, init)])
        if (!compare(one, two))
          throw new Error(
            `${experiment.practice}: the answers to ${path} differ: ${one.slice(0, 120)} / ${two.slice(0, 120)}`,
          )
        compared++
      }
    }
    return `same for ${compared} requests`
  } finally {
    await a.stop()
    await b.stop()
  }
}

/** @throws Error on an error status: two equal refusals would prove nothing */
async function text(url: string, init: RequestInit): Promise<string> {
  const response = await fetch(url, init)
  if (response.status >= 400)
    throw new Error(`${url} answered ${response.status}: ${(await response.text()).slice(0, 200)}`)
  return response.text()
}

interface Measured {
  readonly before: Diagnosis
  readonly after: Diagnosis
  readonly trial: TrialResult
  readonly predicted: Prediction | undefined
  readonly answer: string
  readonly hash: string
}

function resultOf(
  { chapter, experiment }: MeasureOptions,
  { before, after, trial, predicted, answer, hash }: Measured,
): ExperimentResult {
  const { practice } = experiment
  const { metric, route = 'overall' } = experiment.expects
  const named = trial.metrics.filter(({ name }) => name === metricNames[metric])
  // Bytes are known for each route alone.
  const comparison = named.find(one => one.route === route) ?? named[0]
  const inverse = comparison
    ? { estimate: 1 / comparison.ratio.estimate, low: 1 / comparison.ratio.high, high: 1 / comparison.ratio.low }
    : { estimate: 1, low: 1, high: 1 }
  const curve = experiment.sweep && cacheCurve(experiment.sweep, { before: before.evidence, after: after.evidence })
  return {
    schema: 'whetstone/experiment@1',
    practice,
    chapter,
    hash,
    reportedOnBefore: findingOf(before, practice) !== undefined,
    silentOnAfter: findingOf(after, practice) === undefined,
    answer,
    metric,
    ratio: inverse,
    verdict: trial.guard.tooNoisy ? 'too-noisy' : (comparison?.verdict ?? trial.verdict),
    ...scoredPrediction({ before, after, predicted }, practice),
    ...cacheReads(before.evidence),
    ...(curve ? { cacheCurve: curve } : {}),
    findingsBefore: before.report.findings.map(lineOf),
    findingsAfter: after.report.findings.map(lineOf),
    statements: { before: textsOf(before), after: textsOf(after) },
    plans: { before: plansOf(before), after: plansOf(after) },
    machine: before.report.run.machine,
  }
}

function cacheReads({ traces }: Diagnosis['evidence']): Pick<ExperimentResult, 'cacheReadP50Ms'> {
  const p50Ms = traces && cacheReadP50Ms(traces)
  return p50Ms === undefined ? {} : { cacheReadP50Ms: p50Ms }
}

/** 0 where nothing was predicted. */
function p50Of({ report }: Diagnosis, route: string | undefined): number {
  return report.routes.find(one => one.route === route)?.p50Ms ?? 0
}

type Finding = Diagnosis['report']['findings'][number]

function findingOf({ report }: Diagnosis, practice: string): Finding | undefined {
  return (
    report.findings.find(finding => finding.practice === practice) ??
    report.findings.find(({ also }) => also.some(one => one.practice === practice))
  )
}

const lineOf = ({ severity, practice, title, also }: Finding) =>
  `${severity} ${practice}: ${title}${also.length > 0 ? ` (also ${also.map(one => one.practice).join(', ')})` : ''}`

/** Enough to follow the change; a result file is read by people. */
const textsOf = ({ evidence }: Diagnosis) =>
  (evidence.statements?.statements ?? []).slice(0, 12).map(({ text }) => text.slice(0, 500))

const PLANS_BYTES = 20_000

function plansOf({ evidence }: Diagnosis): unknown[] {
  const kept: unknown[] = []
  let bytes = 0
  for (const plan of evidence.pg?.plans ?? []) {
    bytes += JSON.stringify(plan, null, 1).length
    if (bytes > PLANS_BYTES || kept.length === 3) break
    kept.push(plan)
  }
  return kept
}

const metricNames = {
  p50: 'p50Ms',
  p95: 'p95Ms',
  bytes: 'bodyBytes',
  errors: 'errorFraction',
  cpu: 'cpuMsPerRequest',
} as const
