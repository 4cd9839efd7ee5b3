/** `whetstone diagnose`: measures a service, names what makes it slow, says what it would gain. Reads only. */
import { relative } from 'node:path'
import { renderReport } from '@whetstone/dashboard'
import { type Budgets, diagnose, type RunFolder, type Stand } from '@whetstone/loop'
import { type RunReport, type Severity, WhetstoneError } from '@whetstone/model'
import { checkBudgetRoutes } from '../budget-routes.ts'
import { loadConfig } from '../config.ts'
import { baseFolder, type CommandContext } from '../context.ts'
import { openInBrowser } from '../terminal/open.ts'
import { nextAfter, printNext } from '../terminal/print-next.ts'
import { printCoverage, printFindings, printRoutes } from '../terminal/print-report.ts'
import { progressPrinter } from '../terminal/progress.ts'
import { type CacheOptions, redisOf } from './cache-options.ts'
import { scratchDatabase } from './scratch.ts'
import { assertSeen } from './load-tool.ts'
import { assertNotProduction, assertThisMachine } from './safety.ts'
import { databaseOf, planFor, type ServiceOptions, type StartOptions } from './service-options.ts'
import { nameOf, subjectOf } from './subject.ts'

export interface DiagnoseCommandOptions extends ServiceOptions, StartOptions, CacheOptions {
  readonly duration: number
  /** Somebody typed it: then it is not made longer. */
  readonly durationGiven?: boolean
  /** A load tool of the user's own; `$URL` stands for the service. */
  readonly load?: string
  readonly json?: boolean
  readonly open?: boolean
  readonly otlp?: number
  readonly explainAnalyze?: boolean
  /** False for `--no-copy`: no rows of the database are copied to try indexes on. */
  readonly copy?: boolean
  readonly failOn?: Severity
}

/** As long as a first look at a slow service may take by itself. */
const mostAutomaticMs = 60_000

export async function diagnoseCommand(
  words: readonly string[],
  options: DiagnoseCommandOptions,
  context: CommandContext,
): Promise<number> {
  const subject = subjectOf('diagnose', words, options, context)
  assertOneDriver(options)
  assertNotProduction(options, context)
  if (subject.kind === 'url') {
    assertThisMachine(subject.url, 'service', options)
    if (options.load !== undefined && options.otlp === undefined) assertSeen(options.load)
  }
  const databaseUrl = databaseOf(options, context)
  const redisUrl = redisOf(options, context)
  const config = await loadConfig(context.workingDirectory)
  const scratch = await scratchDatabase({ mayCopy: options.copy ?? true })
  try {
    const { report, folder } = await diagnose({
      subject,
      plan: stand => plan(stand, options, { databaseUrl, budgets: config.budgets }, context),
      ...(databaseUrl === undefined ? {} : { databaseUrl }),
      ...(redisUrl === undefined ? {} : { redisUrl }),
      drills: options.drill,
      ratePerSecond: options.rate ?? 'auto',
      durationMs: options.duration,
      ...(options.durationGiven ? {} : { longestMs: Math.max(options.duration, mostAutomaticMs) }),
      ...(options.load === undefined ? {} : { loadCommand: options.load }),
      warmUpMs: options.warmUp,
      seed: options.seed,
      ...(options.otlp === undefined ? {} : { otlpPort: options.otlp }),
      ...(options.ready === undefined ? {} : { readyPath: options.ready }),
      explainAnalyze: options.explainAnalyze ?? false,
      ...(scratch.open ? { scratch: scratch.open } : {}),
      settings: config.practices,
      budgets: config.budgets,
      ...(config.answers ? { answers: config.answers } : {}),
      ...(options.failOn ? { failOn: options.failOn } : {}),
      base: baseFolder(context),
      root: context.workingDirectory,
      name: nameOf(subject),
      command: context.commandLine,
      tool: context.toolVersion,
      now: context.now,
      onProgress: progressPrinter(context.terminal, () => performance.now()),
      signal: context.signal,
    })
    context.runSaved(report.run.id)
    return await present(report, folder, options, context)
  } finally {
    await scratch.close()
  }
}

/** @throws WhetstoneError WHET_FLAG */
function assertOneDriver(options: DiagnoseCommandOptions): void {
  if (options.load === undefined) return
  const idle = Object.entries({
    '--rate': options.rate !== undefined,
    '--route': options.route.length > 0,
    '--request': options.request.length > 0,
    '--openapi': options.openapi !== undefined,
    '--har': options.har !== undefined,
    '--access-log': options.accessLog !== undefined,
    '--login': options.login !== undefined,
  }).find(([, given]) => given)?.[0]
  if (idle !== undefined)
    throw new WhetstoneError('WHET_FLAG', `${idle} says what our engine sends, and --load that another tool does`, {
      hint: 'leave one of them out',
    })
}

async function plan(
  stand: Stand,
  options: DiagnoseCommandOptions,
  { databaseUrl, budgets }: { readonly databaseUrl: string | undefined; readonly budgets: Budgets },
  context: CommandContext,
) {
  // Another tool decides what is sent; what that was is seen inside the service.
  if (options.load !== undefined) return { routes: [], skipped: [] }
  const frameworkRoutes = stand.probe?.routes() ?? []
  const workload = await planFor(options, { baseUrl: stand.baseUrl, frameworkRoutes, databaseUrl }, context)
  checkBudgetRoutes(budgets, {
    workload,
    declared: frameworkRoutes.map(({ method, pattern }) => `${method} ${pattern}`),
    narrowed: options.route.length + options.request.length > 0,
  })
  context.terminal.progress(
    `                  ${workload.routes.length} ${workload.routes.length === 1 ? 'route' : 'routes'} to call, ${workload.skipped.length} skipped`,
  )
  return workload
}

async function present(
  report: RunReport,
  folder: RunFolder,
  options: DiagnoseCommandOptions,
  context: CommandContext,
): Promise<number> {
  const file = await folder.writeFile('report.html', renderReport(report))
  const { terminal } = context
  if (options.json) context.json(report)
  else {
    printRoutes(report, terminal)
    printFindings(report, terminal)
    printCoverage(report, terminal)
    terminal.out()
    terminal.out(
      `  ${report.findings.length === 1 ? '1 finding' : `${report.findings.length} findings`}. Report: ${relative(context.workingDirectory, file)}`,
    )
    printNext(nextAfter(report.findings), terminal)
  }
  if (options.open) openInBrowser(file)
  return report.exitCode
}
