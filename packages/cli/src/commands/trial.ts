/** `whetstone trial`: two commands, interleaved in fresh processes, and a verdict with its interval. */
import {
  calibrate,
  commandArm,
  exitCodeOfTrial,
  loadBlock,
  openStand,
  requestSender,
  runTrial,
  saveTrial,
} from '@whetstone/loop'
import { run as runLoad } from '@whetstone/load'
import { type TrialResult, type Workload, WhetstoneError } from '@whetstone/model'
import { shellWord } from '../command-line.ts'
import { baseFolder, type CommandContext } from '../context.ts'
import { printNext } from '../terminal/print-next.ts'
import { printTrial } from '../terminal/print-trial.ts'
import { progressPrinter } from '../terminal/progress.ts'
import { assertNotProduction } from './safety.ts'
import { loadId } from './load-folder.ts'
import { databaseOf, planFor, type ServiceOptions, type StartOptions } from './service-options.ts'
import { splitWords } from './words.ts'

export interface TrialCommandOptions extends ServiceOptions, StartOptions {
  readonly a: string
  readonly b: string
  readonly pairs: number
  readonly block: number
  /** Percent. */
  readonly margin: number
  readonly strictNoise?: boolean
  readonly json?: boolean
}

const mostRatePerSecond = 50

export async function trialCommand(options: TrialCommandOptions, context: CommandContext): Promise<number> {
  assertNotProduction(options, context)
  const startedAt = context.now()
  const databaseUrl = databaseOf(options, context)
  const onProgress = progressPrinter(context.terminal, () => performance.now())
  const subject = (command: string) => ({
    command: wordsOf(command),
    workingDirectory: context.workingDirectory,
    ...(options.port === undefined ? {} : { port: options.port }),
    ...(options.startTimeout === undefined ? {} : { startTimeoutMs: options.startTimeout }),
  })
  const stand = await openStand({
    subject: { kind: 'command', ...subject(options.a) },
    ...(options.ready === undefined ? {} : { readyPath: options.ready }),
    onProgress,
    signal: context.signal,
  })
  const { workload, ratePerSecond, layout } = await planned().finally(() => stand.close())
  const readyPath = options.ready ?? firstPath(workload)
  const arm = (command: string) =>
    commandArm(command, {
      ...subject(command),
      countsQueries: true,
      ...(layout ? { layout } : {}),
      ...(readyPath === undefined ? {} : { readyPath }),
    })
  const result = await runTrial({
    arms: { a: arm(options.a), b: arm(options.b) },
    workload,
    measureBlock: loadBlock({ runLoad }),
    ratePerSecond,
    seed: options.seed,
    pairs: options.pairs,
    blockMs: options.block,
    warmUpMs: Math.min(options.warmUp, options.block),
    marginFraction: options.margin / 100,
    onProgress: ({ done, planned }) => onProgress({ kind: 'block', done, total: planned, label: 'blocks' }),
    signal: context.signal,
  })
  // Later runs know by it that a change was proved.
  await saveTrial(baseFolder(context), loadId(startedAt), { startedAt: startedAt.toISOString(), result })
  if (options.json) context.json(result)
  else {
    printTrial(result, context.terminal)
    printNext(nextAfterTrial(result, options), context.terminal)
  }
  return exitCodeOfTrial(result, options.strictNoise ?? false)

  async function planned() {
    const workload = await planFor(
      options,
      { baseUrl: stand.baseUrl, frameworkRoutes: stand.probe?.routes() ?? [], databaseUrl },
      context,
    )
    const ratePerSecond =
      options.rate ??
      (await calibrate(workload, requestSender(new URL(stand.baseUrl)), mostRatePerSecond, () => performance.now()))
        .ratePerSecond
    const { target } = stand
    return {
      workload,
      ratePerSecond,
      ...(target ? { layout: { port: target.port, ports: await target.ports() } } : {}),
    }
  }
}

/** A path of the workload is one that every arm must know. */
function firstPath({ routes }: Workload): string | undefined {
  return routes.flatMap(route => route.requests).find(request => request.method === 'GET')?.path
}

/** The same with more pairs while nothing is decided; then what the better one still lacks. */
function nextAfterTrial({ guard, verdict }: TrialResult, { a, b, pairs }: TrialCommandOptions): string {
  if (guard.tooNoisy || verdict === 'unclear')
    return `whetstone trial --a ${shellWord(a)} --b ${shellWord(b)} --pairs ${Math.min(200, Math.max(40, 2 * pairs))}`
  return `whetstone diagnose -- ${verdict === 'worse' ? a : b}`
}

function wordsOf(command: string): readonly string[] {
  const words = splitWords(command)
  if (words.length === 0)
    throw new WhetstoneError('WHET_NO_COMMAND', 'an arm of the trial has no command', {
      hint: "whetstone trial --a 'node old.js' --b 'node new.js'",
    })
  return words
}
