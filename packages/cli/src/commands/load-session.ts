/** What all load tests share: the service, the outputs, the report that is saved, shown and turned into an exit code. */
import { relative, resolve } from 'node:path'
import { writeFile } from 'node:fs/promises'
import { loadVerdictOf, renderLoadReport } from '@whetstone/dashboard'
import { type LoadPlan, openOutputs, parseThreshold, SecondsJudge } from '@whetstone/load'
import { watchWork } from '@whetstone/loop'
import {
  exitCodes,
  type LoadReport,
  type LoadTestKind,
  type LoadThreshold,
  maskedDeep,
  WhetstoneError,
} from '@whetstone/model'
import { loadConfig } from '../config.ts'
import { baseFolder, type CommandContext } from '../context.ts'
import { openInBrowser } from '../terminal/open.ts'
import { loadProgress } from '../terminal/print-load-progress.ts'
import { printLoad } from '../terminal/print-load.ts'
import { loadId, saveLoad, saveLoadPage } from './load-folder.ts'
import type { LoadOptions } from './load-options.ts'
import { assertAllowed, loadPlan } from './load-plan.ts'
import { loadReport, machineName, type ReportInput } from './load-report.ts'
import { type RunLoad, runnerOf } from './load-runner.ts'
import { type LoadService, openService } from './load-service.ts'

/** What a test of one kind finds; the rest of the report is the same for all. */
export type Findings = Pick<
  ReportInput,
  'steps' | 'thresholds' | 'stopped' | 'warnings' | 'workers' | 'capacity' | 'stress' | 'soak' | 'spike'
>

export interface LoadSession {
  readonly service: LoadService
  readonly plan: LoadPlan
  readonly thresholds: readonly LoadThreshold[]
  /** Told of each second of the loads that are run, for the windows of these limits. */
  readonly seconds: SecondsJudge
  /** Runs one plan, shows it while it runs and hands its seconds to the outputs. */
  readonly runLoad: RunLoad
  readonly signal: AbortSignal
}

/** Resolves with the report, which was saved and written to every output. */
export async function loadSession(
  kind: LoadTestKind,
  words: readonly string[],
  options: LoadOptions,
  context: CommandContext,
  measure: (session: LoadSession) => Promise<Findings>,
): Promise<LoadReport> {
  const startedAt = context.now()
  const began = performance.now()
  const id = loadId(startedAt)
  const thresholds = await thresholdsOf(kind, options, context)
  const seconds = new SecondsJudge(thresholds)
  const pages = options.output.filter(spec => spec.startsWith('html=')).map(spec => spec.slice('html='.length))
  const outputs = openOutputs(options.output.filter(spec => !spec.startsWith('html=')))
  const run = runnerOf(options, context)
  assertAllowed(options)
  const service = await openService(kind === 'capacity' ? 'capacity' : 'load', words, options, context, {
    watchesHeap: kind === 'soak',
  })
  try {
    const plan = loadPlan(service, options, thresholds)
    const scenario = scenarioOf(options)
    const onInterval = loadProgress(context.terminal, () => performance.now())
    const runLoad: RunLoad = async (onePlan, runOptions = {}) => {
      const stepStartedAt = new Date(context.now().getTime() + onePlan.warmUpMs).toISOString()
      const place = { runId: id, scenario: scenario.name, target: service.name, purpose: onePlan.purpose ?? 'measure' }
      const result = await run(onePlan, {
        signal: context.signal,
        onInterval,
        ...runOptions,
        onSecond: (second, stop) => {
          seconds.second(second)
          outputs.interval(second, { ...place, stepStartedAt })
          runOptions.onSecond?.(second, stop)
        },
      })
      assertMeasured(result)
      return result
    }
    const seen = service.pid === undefined ? undefined : watchWork(service.pid)
    const found = await measure({ service, plan, thresholds, seconds, runLoad, signal: context.signal })
    const input = {
      kind,
      run: {
        id,
        startedAt: startedAt.toISOString(),
        durationMs: performance.now() - began,
        command: context.commandLine,
        tool: context.toolVersion,
        node: process.version,
        machine: machineName(),
        seed: options.seed,
      },
      target: { name: service.name, url: service.url, ...seen?.() },
      scenario,
      ...found,
      strictNoise: options.strictNoise ?? false,
    }
    // Kept before anything is delivered: whoever interrupts twice has the figures all the same.
    const figures = loadReport(input)
    await saveLoad(baseFolder(context), figures)
    context.runSaved(id)
    const undelivered = await outputs.finish(maskedDeep(figures))
    const report =
      undelivered.length === 0
        ? figures
        : loadReport({ ...input, warnings: [...(found.warnings ?? []), ...undelivered] })
    if (report !== figures) await saveLoad(baseFolder(context), report)
    await present(report, { pages, options, context })
    return report
  } finally {
    await service.close()
  }
}

/** A table of nothing would be read as a result. @throws WhetstoneError WHET_LOAD_STOPPED */
function assertMeasured({ stopped, measure }: Awaited<ReturnType<RunLoad>>): void {
  if (stopped !== 'aborted' || measure.sent > 0) return
  throw new WhetstoneError('WHET_LOAD_STOPPED', 'interrupted in the warm-up, nothing was measured', {
    exitCode: exitCodes.interrupted,
  })
}

/** The config speaks for loads of one shape; a search has its objective, and an overload breaks every limit on purpose. */
async function thresholdsOf(
  kind: LoadTestKind,
  { threshold }: LoadOptions,
  { workingDirectory }: CommandContext,
): Promise<readonly LoadThreshold[]> {
  const isOverload = kind === 'stress' || kind === 'spike'
  if (threshold.length > 0 || kind === 'capacity' || isOverload) return threshold.map(parseThreshold)
  return (await loadConfig(workingDirectory)).thresholds
}

function scenarioOf({ scenario }: LoadOptions): LoadReport['scenario'] {
  return scenario === undefined ? { name: 'requests', source: 'requests' } : { name: scenario, source: scenario }
}

async function present(
  report: LoadReport,
  {
    pages,
    options,
    context,
  }: { readonly pages: readonly string[]; readonly options: LoadOptions; readonly context: CommandContext },
): Promise<void> {
  const { terminal, workingDirectory } = context
  const page = await saveLoadPage(baseFolder(context), report)
  for (const file of pages) await writePage(resolve(workingDirectory, file), report)
  if (options.json) context.json(report)
  else {
    printLoad(report, terminal)
    terminal.out()
    terminal.out(`  ${terminal.colour.bold(loadVerdictOf(report).sentence.replaceAll('\u202f', ' '))}.`)
    terminal.out(
      `  ${verdictWord(report)}${report.exitCode === 0 ? '' : `, exit ${report.exitCode}`}. Page: ${relative(workingDirectory, page)}`,
    )
  }
  if (options.open) openInBrowser(page)
}

/** Nothing was asked of a run without a limit, so it passed nothing. */
function verdictWord({ kind, verdict, exitCode, thresholds, capacity }: LoadReport): string {
  if (verdict !== 'pass') return verdict
  if (exitCode !== exitCodes.ok) return 'undecided'
  // It takes no limit: an overload breaks every one on purpose.
  if (kind === 'stress') return 'measured'
  return thresholds.length === 0 && capacity === undefined ? 'no limit was set' : verdict
}

async function writePage(file: string, report: LoadReport): Promise<void> {
  await writeFile(file, renderLoadReport(maskedDeep(report))).catch(cause => {
    throw new WhetstoneError('WHET_FILE', `${file} cannot be written: ${(cause as Error).message}`, { cause })
  })
}
