/** `whetstone load stress`: past the knee and back, to see whether goodput holds and the service recovers. */
import { runStress } from '@whetstone/load'
import type { CommandContext } from '../context.ts'
import { searchProgress } from '../terminal/print-load-progress.ts'
import { printNext } from '../terminal/print-next.ts'
import type { LoadOptions } from './load-options.ts'
import { flagsOf, keptFlags } from './kept-flags.ts'
import { assertFits } from './load-plan.ts'
import { loadSession } from './load-session.ts'
import { commandFor } from './load-words.ts'

export async function loadStressCommand(
  words: readonly string[],
  options: LoadOptions,
  context: CommandContext,
): Promise<number> {
  assertFits('stress', options)
  const report = await loadSession('stress', words, options, context, async ({ plan, runLoad, signal }) => {
    const settings = { largestPerSecond: options.maxRate }
    const shell = { runLoad, onProgress: searchProgress(context.terminal), signal }
    return { ...(await runStress(plan, settings, shell)), thresholds: [] }
  })
  const { stress, target } = report
  const next = stress?.collapsed ? 'diagnose' : "capacity --slo 'p95 < 200ms'"
  const flags = flagsOf(context.commandLine, stress?.collapsed ? keptFlags.diagnose : keptFlags.search)
  if (!options.json) printNext(commandFor(next, words, target.url, flags), context.terminal)
  return report.exitCode
}
