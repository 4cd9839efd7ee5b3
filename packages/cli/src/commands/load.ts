/** `whetstone load`: sends requests when they are due, times them from then on, and says whether that can be believed. */
import { judgeThresholds, withSteadyState } from '@whetstone/load'
import type { LoadReport } from '@whetstone/model'
import { shellWord } from '../command-line.ts'
import type { CommandContext } from '../context.ts'
import { printNext } from '../terminal/print-next.ts'
import type { LoadOptions } from './load-options.ts'
import { type Findings, loadSession, type LoadSession } from './load-session.ts'
import { commandFor } from './load-words.ts'

export async function loadCommand(
  words: readonly string[],
  options: LoadOptions,
  context: CommandContext,
): Promise<number> {
  const report = await loadSession('load', words, options, context, measureOnce)
  if (!options.json) printNext(nextAfterLoad(report, words, options), context.terminal)
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
  { verdict, target }: LoadReport,
  words: readonly string[],
  { rate, threshold }: LoadOptions,
): string {
  if (verdict === 'fail') return commandFor('diagnose', words, target.url)
  if (verdict === 'invalid') return commandFor(`load --rate ${Math.max(1, Math.floor(rate / 2))}`, words, target.url)
  const slo = threshold.find(text => /^p\d/.test(text))?.replace(/\s+(over|after|abort).*$/, '') ?? 'p95 < 200ms'
  return commandFor(`capacity --slo ${shellWord(slo)}`, words, target.url)
}
