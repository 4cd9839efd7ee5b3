/** `whetstone load`: sends requests when they are due, times them from then on, and says whether that can be believed. */
import { judgeThresholds, withSteadyState } from '@whetstone/load'
import type { LoadReport } from '@whetstone/model'
import { shellWord } from '../command-line.ts'
import type { CommandContext } from '../context.ts'
import { printNext } from '../terminal/print-next.ts'
import { flagsOf, keptFlags } from './kept-flags.ts'
import type { LoadOptions } from './load-options.ts'
import { refusalOf } from './load-refused.ts'
import { type Findings, loadSession, type LoadSession } from './load-session.ts'
import { commandFor } from './load-words.ts'

export async function loadCommand(
  words: readonly string[],
  options: LoadOptions,
  context: CommandContext,
): Promise<number> {
  const report = await loadSession('load', words, options, context, measureOnce)
  if (!options.json) printNext(nextAfterLoad(report, words, options, context), context.terminal)
  return report.exitCode
}

/** One run, which a limit that says so ends early, judged from where it was steady. */
async function measureOnce({ plan, thresholds, seconds, runLoad }: LoadSession): Promise<Findings> {
  const { warmUp, measure, stopped, warnings = [], workers } = await runLoad(plan)
  const steady = withSteadyState(measure)
  return {
    steps: [...(warmUp ? [warmUp] : []), steady],
    thresholds: judgeThresholds(steady, thresholds, seconds),
    stopped,
    warnings,
    ...(workers === undefined ? {} : { workers }),
  }
}

/** Causes where a limit was broken, less where the generator was the limit, otherwise how far it can go. */
function nextAfterLoad(
  report: LoadReport,
  words: readonly string[],
  { rate, shape, users, workers = 1, threshold }: LoadOptions,
  { commandLine }: CommandContext,
): string {
  const { verdict, target } = report
  // No cause of a refusal is found inside: it is looked at as anybody sees it.
  const [method, path = ''] = refusalOf(report)?.route.split(' ') ?? []
  if (method === 'GET' && !path.includes(':')) return `curl -i ${shellWord(new URL(path, target.url).href)}`
  if (verdict === 'fail')
    return commandFor('diagnose', words, target.url, flagsOf(commandLine, keptFlags.diagnoseAtRate))
  if (verdict === 'invalid') {
    // A rate is halved; a shape and users are asked of twice as many threads instead.
    const hasRate = shape === undefined && users === undefined
    const change = hasRate ? `--rate ${Math.max(1, Math.floor(rate / 2))}` : `--workers ${2 * workers}`
    const kept = keptFlags.sameLoad.filter(flag => hasRate || flag !== '--workers')
    return commandFor(`load ${change}`, words, target.url, flagsOf(commandLine, kept))
  }
  const slo = threshold.find(text => /^p\d/.test(text))?.replace(/\s+(over|after|abort).*$/, '') ?? 'p95 < 200ms'
  return commandFor(`capacity --slo ${shellWord(slo)}`, words, target.url, flagsOf(commandLine, keptFlags.search))
}
