/** Carries one experiment out: four proofs and the score of the prediction made before the remedy was measured. */
import { createHash } from 'node:crypto'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { practiceById } from '@whetstone/catalogue'
import { runInProcess } from '@whetstone/load'
import { commandArm, diagnose, loadBlock, runTrial, type Diagnosis, type OnProgress } from '@whetstone/loop'
import type { PredictedQuantile, Prediction, TrialResult, Workload } from '@whetstone/model'
import { startPostgres, type PostgresServer } from '@whetstone/sandbox'
import Fastify from 'fastify'
import pg from 'pg'
import { bundleArm, type BundledArm } from './bundle.ts'
import type { Experiment } from './define.ts'
import { recordingOf, type Recording } from './record.ts'

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
  readonly findingsBefore: readonly string[]
  readonly findingsAfter: readonly string[]
  readonly statements: { readonly before: readonly string[]; readonly after: readonly string[] }
  readonly plans: { readonly before: readonly unknown[]; readonly after: readonly unknown[] }
  readonly machine: string
}

export interface MeasureOptions {
  readonly file: string
  readonly chapter: string
  readonly experiment: Experiment
  /** A smoke version: shorter windows, fewer pairs. */
  readonly quick: boolean
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
}

type ArmName = 'before' | 'after'

/** What both arms run on, for as long as one experiment takes. */
interface Stand {
  readonly base: string
  readonly workload: Workload
  command(arm: ArmName): ArmStart
  diagnosis(arm: ArmName): Promise<Diagnosis>
}

export interface MeasuredExperiment {
  readonly result: ExperimentResult
  /** Evidence of the fault, cut to what the practice reads; undefined where it was not reported. */
  readonly recording: Recording | undefined
}

export function measureExperiment(options: MeasureOptions): Promise<MeasuredExperiment> {
  return onStand(options, stand => measureArms(options, stand))
}

export type ScoredPrediction = Pick<ExperimentResult, 'predicted' | 'measuredP50Ms'>

/** Both arms under their load, without a trial: what a change of the predictor or of a detector is measured by. */
export function predictExperiment(
  options: MeasureOptions,
): Promise<{ readonly scored: ScoredPrediction; readonly recording: Recording | undefined }> {
  return onStand(options, async stand => {
    const { before, after, predicted } = await diagnoseArms(options, stand)
    return { scored: scoredPrediction({ before, after, predicted }), recording: recordingFrom(options, before) }
  })
}

async function onStand<Result>(options: MeasureOptions, use: (stand: Stand) => Promise<Result>): Promise<Result> {
  const { experiment } = options
  const postgres = await startPostgres()
  const upstream = experiment.upstream ? Fastify() : undefined
  const base = await mkdtemp(join(tmpdir(), 'whetstone-experiment-'))
  try {
    if (upstream) {
      experiment.upstream?.(upstream)
      await upstream.listen({ host: '127.0.0.1', port: 0 })
    }
    const upstreamPort = upstream ? (upstream.server.address() as { port: number }).port : undefined
    const urls = await databases(postgres, experiment)
    const command = (arm: ArmName) => armCommand(options.file, arm, urls[arm], upstreamPort)
    const workload = workloadOf(experiment)
    return await use({
      base,
      workload,
      command,
      diagnosis: arm =>
        diagnoseArm(options, { arm, base, workload, databaseUrl: urls[arm], postgres, ...command(arm) }),
    })
  } finally {
    await upstream?.close()
    await postgres.stop()
    await rm(base, { recursive: true, force: true })
  }
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
    measureBlock: loadBlock({ runLoad: runInProcess }),
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

function scoredPrediction({
  before,
  after,
  predicted,
}: Pick<Measured, 'before' | 'after' | 'predicted'>): ScoredPrediction {
  return {
    predicted: predicted
      ? {
          ...(predicted.p50Ms ? { p50Ms: predicted.p50Ms } : {}),
          ...(predicted.bytes ? { bytes: predicted.bytes } : {}),
        }
      : null,
    measuredP50Ms: { before: p50Of(before, predicted?.route), after: p50Of(after, predicted?.route) },
  }
}

function recordingFrom({ chapter, experiment }: MeasureOptions, before: Diagnosis): Recording | undefined {
  const practice = practiceById(experiment.practice)
  return practice && recordingOf(before.evidence, practice, `experiment ${chapter}/${practice.id}, before`)
}

async function databases(postgres: PostgresServer, experiment: Experiment): Promise<Record<ArmName, string>> {
  await postgres.createDatabase('base')
  await execute(urlOf(postgres, 'base'), experiment.database)
  const urls = { before: urlOf(postgres, 'arm_before'), after: urlOf(postgres, 'arm_after') }
  for (const arm of ['before', 'after'] as const) {
    await postgres.createDatabase(`arm_${arm}`, { template: 'base' })
    const { schema } = experiment[arm]
    await execute(urls[arm], `${schema ?? ''}; ANALYZE`)
  }
  return urls
}

function urlOf(postgres: PostgresServer, database: string): string {
  const url = new URL(postgres.url)
  url.pathname = `/${database}`
  return url.href
}

async function execute(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  try {
    await client.query(sql)
  } finally {
    await client.end()
  }
}

function armCommand(file: string, arm: ArmName, databaseUrl: string, upstreamPort: number | undefined) {
  const entry = fileURLToPath(new URL('arm.ts', import.meta.url))
  return {
    command: [process.execPath, '--conditions=@whetstone/source', '--import', 'tsx', entry, file, arm],
    workingDirectory: fileURLToPath(new URL('..', import.meta.url)),
    env: {
      DATABASE_URL: databaseUrl,
      NODE_ENV: 'development',
      ...(upstreamPort ? { UPSTREAM_PORT: String(upstreamPort) } : {}),
    },
  }
}

/** The same arm without a compiler in the process. */
function compiledCommand(bundle: BundledArm, arm: ArmName, start: ArmStart): ArmStart {
  return { ...start, command: [process.execPath, bundle.entry, bundle.file, arm] }
}

function workloadOf(experiment: Experiment): Workload {
  return {
    routes: experiment.requests.map(({ route, paths, headers = {}, method = 'GET', body, weight = 1 }) => ({
      route,
      weight,
      requests: paths.map(path => ({
        method,
        path,
        headers: { 'accept-encoding': 'gzip', ...headers },
        ...(body === undefined ? {} : { body }),
      })),
    })),
    skipped: [],
  }
}

interface ArmRun extends ReturnType<typeof armCommand> {
  readonly arm: ArmName
  readonly base: string
  readonly workload: Workload
  readonly databaseUrl: string
  readonly postgres: PostgresServer
}

function diagnoseArm(
  options: MeasureOptions,
  { arm, base, workload, databaseUrl, postgres, command, env, workingDirectory }: ArmRun,
): Promise<Diagnosis> {
  return diagnose({
    subject: { kind: 'command', command, env, workingDirectory },
    plan: async () => workload,
    databaseUrl,
    ratePerSecond: options.experiment.load.ratePerSecond,
    durationMs: options.quick ? 3_000 : options.experiment.load.durationMs,
    warmUpMs: options.quick ? 500 : 1_500,
    seed: 1,
    readyPath: '/healthz',
    scratch: async () => postgres,
    explainAnalyze: true,
    base,
    root: workingDirectory,
    name: `${options.experiment.practice} ${arm}`,
    command: `experiment ${options.experiment.practice} ${arm}`,
    tool: 'whetstone experiment',
    now: () => new Date(),
    onProgress: options.onProgress,
    signal: options.signal,
  })
}

type ArmStart = ReturnType<typeof armCommand>

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
    ...scoredPrediction({ before, after, predicted }),
    findingsBefore: before.report.findings.map(lineOf),
    findingsAfter: after.report.findings.map(lineOf),
    statements: { before: textsOf(before), after: textsOf(after) },
    plans: { before: plansOf(before), after: plansOf(after) },
    machine: before.report.run.machine,
  }
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

const metricNames = { p50: 'p50Ms', p95: 'p95Ms', bytes: 'bodyBytes', errors: 'errorFraction' } as const

/** Hash of the experiment file and its practice's module. */
export async function hashOf({
  file,
  chapter,
  experiment,
}: Pick<MeasureOptions, 'file' | 'chapter' | 'experiment'>): Promise<string> {
  const practice = fileURLToPath(
    new URL(`../packages/catalogue/src/${chapter}/${experiment.practice}.ts`, import.meta.url),
  )
  const hash = createHash('sha256')
  for (const path of [file, practice]) hash.update(await readFile(path))
  return hash.digest('hex').slice(0, 16)
}
