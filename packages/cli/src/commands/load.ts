/** `whetstone load`: sends requests when they are due, times them from then on, and says whether that can be believed. */
import { judgeThresholds } from '@whetstone/load'
import type { LoadReport } from '@whetstone/model'
import { shellWord } from '../command-line.ts'
import type { CommandContext } from '../context.ts'
import { printNext } from '../terminal/print-next.ts'
import type { LoadOptions } from './load-options.ts'
import { stepsOf } from './load-report.ts'
import { type Findings, loadSession, type LoadSession } from './load-session.ts'

export async function loadCommand(
  words: readonly string[],
  options: LoadOptions,
  context: CommandContext,
): Promise<number> {
  const report = await loadSession('load', words, options, context, measureOnce)
  if (!options.json) printNext(nextAfterLoad(report, words), context.terminal)
  return report.exitCode
}

/** One run, watched for limits that end it early, judged when it is over. */
export async function measureOnce({ plan, thresholds, runLoad }: LoadSession): Promise<Findings> {
  const result = await runLoad(plan)
  return {
    steps: stepsOf(result),
    thresholds: judgeThresholds(result.measure, thresholds),
    stopped: result.stopped,
    warnings: result.warnings ?? [],
    ...(result.workers === undefined ? {} : { workers: result.workers }),
  }
}

/** Causes where a limit was broken, otherwise how far it can go. */
function nextAfterLoad({ verdict }: LoadReport, words: readonly string[]): string {
  const [first = ''] = words
  const target =
    words.length === 1 && /^https?:/.test(first) ? shellWord(first) : `-- ${words.map(shellWord).join(' ')}`
  if (verdict === 'fail') return `whetstone diagnose ${target}`
  return `whetstone capacity ${target} --slo 'p95 < 200ms'`
}
