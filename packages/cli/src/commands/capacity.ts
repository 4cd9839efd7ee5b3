/** `whetstone capacity`: the largest offered rate that keeps an objective, bracketed and bisected, with its interval. */
import { findCapacity, parseThreshold } from '@whetstone/load'
import { type LoadReport, type LoadThreshold, numberText, WhetstoneError } from '@whetstone/model'
import type { CommandContext } from '../context.ts'
import { searchProgress } from '../terminal/print-load-progress.ts'
import { printNext } from '../terminal/print-next.ts'
import { flagsOf, keptFlags } from './kept-flags.ts'
import type { LoadOptions } from './load-options.ts'
import { assertFits } from './load-plan.ts'
import { loadSession } from './load-session.ts'
import { commandFor } from './load-words.ts'

export interface CapacityOptions extends LoadOptions {
  readonly slo: readonly string[]
}

export async function capacityCommand(
  words: readonly string[],
  options: CapacityOptions,
  context: CommandContext,
): Promise<number> {
  const objective = options.slo.map(parseThreshold)
  assertSearchable(options, objective)
  const report = await loadSession('capacity', words, options, context, async session => {
    const found = await findCapacity(
      session.plan,
      { objective, largestPerSecond: options.maxRate },
      { runLoad: session.runLoad, onProgress: searchProgress(context.terminal), signal: session.signal },
    )
    return { ...found, thresholds: [] }
  })
  if (!options.json) printNext(nextAfterCapacity(report, words, context), context.terminal)
  return report.exitCode
}

/** @throws WhetstoneError WHET_FLAG for what a search over rates cannot be combined with */
function assertSearchable(options: CapacityOptions, objective: readonly LoadThreshold[]): void {
  if (options.slo.length === 0)
    throw new WhetstoneError(
      'WHET_FLAG',
      'a capacity is the largest rate that keeps an objective, and none was given',
      {
        hint: "whetstone capacity … --slo 'p95 < 200ms'",
      },
    )
  const rate = objective.find(({ metric }) => metric.kind === 'rate')
  if (rate !== undefined)
    throw new WhetstoneError(
      'WHET_FLAG',
      `capacity looks for the rate itself, so '${rate.text}' cannot be its objective`,
      {
        hint: "--slo 'p95 < 200ms' or --slo 'errors < 1%'; --rate is where it begins, --max-rate where it ends",
      },
    )
  assertFits('capacity', options)
}

/** Below the capacity nothing queues for long; a load test there shows what users get. */
const comfortableFraction = 0.7

function nextAfterCapacity(
  { capacity, target }: LoadReport,
  words: readonly string[],
  { commandLine }: CommandContext,
): string {
  const low = capacity?.ratePerSecond?.low
  // For nothing was proved.
  if (capacity?.outcome === 'invalid' || capacity?.outcome === 'undecided')
    return commandFor('capacity', words, target.url, flagsOf(commandLine, keptFlags.objectiveAgain))
  if (low === undefined) return commandFor('diagnose', words, target.url, flagsOf(commandLine, keptFlags.diagnose))
  return commandFor(
    `load --rate ${numberText(Math.max(1, Math.floor(low * comfortableFraction))).replaceAll(',', '')}`,
    words,
    target.url,
    flagsOf(commandLine, keptFlags.search),
  )
}
