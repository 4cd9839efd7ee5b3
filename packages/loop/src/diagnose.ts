/** The cycle on one service, as far as it goes without changing it: measure, identify, ask for more, identify again, predict, report. */
import { randomUUID } from 'node:crypto'
import { cpus } from 'node:os'
import {
  type AnswersEvidence,
  type AnyPractice,
  type CacheDrillName,
  type DrillsEvidence,
  type Evidence,
  type EvidenceRequest,
  exitCodes,
  maskedDeep,
  type RunReport,
  type Severity,
  WhetstoneError,
  type Workload,
} from '@whetstone/model'
import { practices as allPractices } from '@whetstone/catalogue'
import { identify, type PracticeSettings } from './identify/identify.ts'
import { conclude, type Judged } from './identify/conclude.ts'
import { calibrate, durationFor } from './measure/calibrate.ts'
import { breakCaches, stopUnderLoad } from './measure/drill/drills.ts'
import { gather, type GatherOptions } from './measure/gather.ts'
import { watchHeap } from './measure/heap-growth.ts'
import { historyOf } from './measure/history.ts'
import { measureWindow } from './measure/measure.ts'
import { connectReadOnly } from './measure/pg/connect.ts'
import { Parts } from './measure/parts.ts'
import type { OnProgress } from './measure/progress.ts'
import { startRedisCollector } from './measure/redis/collector.ts'
import { createRunFolder, type RunFolder } from './measure/run-folder.ts'
import { openStand, type Stand, type Subject } from './measure/stand.ts'
import { requestSender } from './measure/workload/http-client.ts'
import { assembleReport } from './report/assemble.ts'
import type { Budgets } from './report/budgets.ts'

export interface DiagnoseOptions {
  readonly subject: Subject
  /** Makes the workload once the service answers. */
  readonly plan: (stand: Stand) => Promise<Workload>
  readonly databaseUrl?: string
  /** Redis or Memcached to read; without it those that the probe sees the service use on this machine. */
  readonly redisUrl?: string
  /** A number is kept as it is; `auto` asks the service first and stays below its knee, at most 50. */
  readonly ratePerSecond: number | 'auto'
  readonly durationMs: number
  /** With a rate that was found by asking: so long at most, until the rarest route has been drawn often enough. Absent: not longer than `durationMs`. */
  readonly longestMs?: number
  readonly warmUpMs: number
  readonly seed: number
  /** A load tool of the user's own drives the service; `$URL` stands for its address, `durationMs` bounds it. */
  readonly loadCommand?: string
  readonly otlpPort?: number
  readonly readyPath?: string
  readonly explainAnalyze?: boolean
  /** What may be broken on purpose; nothing by default. */
  readonly drills?: readonly CacheDrillName[]
  readonly scratch?: GatherOptions['scratch']
  readonly settings?: PracticeSettings
  readonly budgets?: Budgets
  /** What only people know: it weighs the findings. */
  readonly answers?: AnswersEvidence
  /** Findings at least this severe end the run with a code of their own. */
  readonly failOn?: Severity
  /** The `.whetstone` folder. */
  readonly base: string
  /** Project root, for source excerpts. */
  readonly root: string
  readonly name: string
  readonly command: string
  readonly tool: string
  readonly now: () => Date
  readonly onProgress: OnProgress
  readonly signal: AbortSignal
}

export interface Diagnosis {
  readonly report: RunReport
  readonly evidence: Evidence
  readonly folder: RunFolder
}

export async function diagnose(options: DiagnoseOptions): Promise<Diagnosis> {
  const startedAt = options.now()
  const began = performance.now()
  // Before the service is started: a wrong URL is a matter of seconds, not of the whole run.
  if (options.databaseUrl !== undefined) await (await connectReadOnly(options.databaseUrl)).end()
  if (options.redisUrl !== undefined) (await startRedisCollector([options.redisUrl])).stop()
  const folder = await createRunFolder(options.base, runId(startedAt))
  let stand: Stand | undefined
  try {
    options.onProgress({ kind: 'stage', stage: 'starting', detail: options.command })
    stand = await openStand({
      subject: options.subject,
      ...(options.otlpPort === undefined ? {} : { otlpPort: options.otlpPort }),
      ...(options.readyPath === undefined ? {} : { readyPath: options.readyPath }),
      onProgress: options.onProgress,
      signal: options.signal,
    })
    if (stand.target)
      options.onProgress({
        kind: 'note',
        label: options.name,
        detail: `listening on ${new URL(stand.baseUrl).host} after ${(stand.target.startedInMs / 1_000).toFixed(1)} s`,
      })
    options.onProgress({ kind: 'stage', stage: 'workload', detail: 'finding routes' })
    const planned = await plannedFor(options, stand)
    // With a load tool of the user's own the rate is for what is asked afterwards.
    const ratePerSecond =
      options.loadCommand === undefined ? await rateFor(options, planned, stand) : mostAutomaticRatePerSecond
    throwIfEnded(stand, planned)
    const keep = (evidence: Evidence) => folder.writeEvidence(evidence)
    const durationMs = longEnough(options, planned, ratePerSecond)
    const window = await measureWindow(stand, { ...options, ratePerSecond, durationMs, workload: planned, keep })
    const { workload } = window
    const interrupted = options.signal.aborted ? interruption(window.conditions.measuredMs, durationMs) : undefined
    const history = await historyOf(window.conditions, options)
    const { answers } = options
    const first: Evidence = { ...window.evidence, history, ...(answers ? { answers } : {}) }
    await folder.writeEvidence(first)
    const asked = await ask(first, { ...options, ratePerSecond }, workload, stand)
    const drilled = { ...options, ratePerSecond, workload }
    const broken = await breakCaches(stand, asked, drilled)
    const ended = stand.target?.ended()
    // The last thing that is asked of it: it is gone afterwards.
    const isWanted = ended === undefined && options.settings?.['availability'] !== 'off'
    const stopped = isWanted ? await stopUnderLoad(stand, asked.evidence, drilled) : []
    const drills: DrillsEvidence = { schema: 'drills@1', drills: [...broken.drills, ...stopped] }
    const evidence: Evidence = { ...asked.evidence, ...(drills.drills.length > 0 ? { drills } : {}) }
    const judged = conclude(evidence, identify(evidence, allPractices, options.settings))
    const warnings = [...asked.warnings, ...broken.warnings]
    await folder.writeEvidence(evidence)
    const framework = stand.probe?.routes()[0]?.framework
    const { git } = history
    const report = maskedDeep(
      assembleReport({
        run: {
          id: folder.id,
          startedAt: startedAt.toISOString(),
          durationMs: performance.now() - began,
          ...(interrupted ? { interruptedAfterMs: interrupted.afterMs } : {}),
          command: options.command,
          tool: options.tool,
          node: process.version,
          machine: machineName(),
          ...(git ? { git } : {}),
          seed: options.seed,
        },
        target: {
          name: options.name,
          url: stand.baseUrl,
          ...(options.subject.kind === 'command' ? { command: options.subject.command.join(' ') } : {}),
          ...(options.databaseUrl ? { database: options.databaseUrl } : {}),
        },
        ...(framework ? { framework } : {}),
        evidence,
        findings: judged.findings,
        coverage: judged.coverage,
        skipped: workload.skipped,
        ...(options.budgets ? { budgets: options.budgets } : {}),
        ...(options.failOn ? { failOn: options.failOn } : {}),
        warnings: [...(interrupted ? [interrupted.text] : []), ...window.warnings, ...warnings, ...judged.remarks],
        failed: ended !== undefined,
        events: [
          ...(interrupted
            ? [{ atMs: performance.now() - began, kind: 'warning' as const, text: interrupted.text }]
            : []),
          ...(ended
            ? [
                {
                  atMs: performance.now() - began,
                  kind: 'error' as const,
                  text: `the service ${ended}; last lines: ${stand.target?.logTail().slice(-20).join('\n')}`,
                },
              ]
            : []),
        ],
      }),
    )
    await folder.writeReport(report)
    return { report, evidence, folder }
  } finally {
    await stand?.close()
    await folder.removeIfEmpty()
  }
}

function interruption(measuredMs: number, plannedMs: number): { readonly afterMs: number; readonly text: string } {
  const seconds = (ms: number) => (ms / 1_000).toFixed(1)
  return {
    afterMs: measuredMs,
    text: `interrupted after ${seconds(measuredMs)} of ${seconds(plannedMs)} s: later runs are not compared with this one`,
  }
}

async function plannedFor({ plan }: DiagnoseOptions, stand: Stand): Promise<Workload> {
  const planned = await plan(stand).catch((error: unknown) => {
    throwIfEnded(stand)
    throw error
  })
  throwIfEnded(stand, planned)
  return planned
}

/** One request may end a whole process. What no longer runs refuses every connection at once, and that must not pass for its speed. */
function throwIfEnded({ target }: Stand, planned?: Workload): void {
  const ended = target?.ended()
  if (ended === undefined) return
  const first = planned?.skipped.find(({ why }) => why.includes('was not answered'))
  throw new WhetstoneError(
    'WHET_TARGET_EXITED',
    `the service ${ended} while its routes were tried${first ? `; the first request without an answer: ${first.why}` : ''}`,
    {
      exitCode: exitCodes.target,
      logTail: target?.logTail().slice(-20) ?? [],
      hint: 'A promise that nobody awaits or catches ends a Node process. Mend that route first, or leave it out: give the others with --route.',
    },
  )
}

const mostAutomaticRatePerSecond = 50

async function rateFor(
  { ratePerSecond, onProgress }: DiagnoseOptions,
  workload: Workload,
  stand: Stand,
): Promise<number> {
  if (ratePerSecond !== 'auto') return ratePerSecond
  const found = await calibrate(workload, requestSender(new URL(stand.baseUrl)), mostAutomaticRatePerSecond, () =>
    performance.now(),
  )
  onProgress({
    kind: 'note',
    label: 'load',
    detail: `open model, ${found.ratePerSecond} req/s: one request alone takes ${found.serviceMs.toFixed(1)} ms; set it with --rate`,
  })
  return found.ratePerSecond
}

/** A slow service is asked slowly: in the usual time some of its routes would hardly be called. */
function longEnough(
  { ratePerSecond: wanted, durationMs, longestMs, loadCommand, onProgress }: DiagnoseOptions,
  workload: Workload,
  ratePerSecond: number,
): number {
  if (wanted !== 'auto' || longestMs === undefined || loadCommand !== undefined) return durationMs
  const found = durationFor(workload, { ratePerSecond, durationMs, mostMs: longestMs })
  if (found.durationMs > durationMs)
    onProgress({
      kind: 'note',
      label: 'load',
      detail: `${found.durationMs / 1_000} s instead of ${durationMs / 1_000} s, so that each of ${workload.routes.length} routes is called about ${Math.floor(found.drawsOfRarest)} times or more; set it with --duration`,
    })
  return found.durationMs
}

interface Asked {
  readonly evidence: Evidence
  readonly requests: readonly EvidenceRequest[]
  readonly warnings: readonly string[]
}

/** Round two: what the practices want to know after a first look. */
async function ask(
  first: Evidence,
  options: DiagnoseOptions & { readonly ratePerSecond: number },
  workload: Workload,
  stand: Stand,
): Promise<Asked> {
  const { requests } = identify(first, allPractices, options.settings)
  if (requests.length === 0 || options.signal.aborted) return { evidence: first, requests, warnings: [] }
  options.onProgress({
    kind: 'stage',
    stage: 'investigating',
    detail: requests.length === 1 ? '1 question' : `${requests.length} questions`,
  })
  const parts = new Parts()
  const work = gather(first, requests, {
    baseUrl: stand.baseUrl,
    workload,
    ...(options.databaseUrl ? { databaseUrl: options.databaseUrl } : {}),
    ...(options.scratch ? { scratch: options.scratch } : {}),
    watchHeap: () => watchHeap(stand, { ...options, workload }),
    signal: options.signal,
  })
  return {
    evidence: await parts.read('answers', first, () => work),
    requests,
    warnings: Object.values(parts.unavailable).map(why => `the questions of the practices were not answered: ${why}`),
  }
}

/** Judges saved evidence again, without touching the service: the same result as in the run. */
export function identifyAgain(
  evidence: Evidence,
  practices: readonly AnyPractice[] = allPractices,
  settings: PracticeSettings = {},
): Judged {
  return conclude(evidence, identify(evidence, practices, settings))
}

/** Sorts by time as text. */
function runId(date: Date): string {
  return `${date.toISOString().slice(0, 19).replaceAll(/[:T]/g, '-')}-${randomUUID().slice(0, 4)}`
}

function machineName(): string {
  const list = cpus()
  return `${list.length} cores, ${list[0]?.model.trim() ?? 'unknown CPU'}, ${process.platform} ${process.arch}`
}
