/** `whetstone load spike`: a sudden crowd in the middle of a steady load, and how long it is felt. */
import { judgeThresholds, runSpike } from '@whetstone/load'
import type { CommandContext } from '../context.ts'
import { searchProgress } from '../terminal/print-load-progress.ts'
import { printNext } from '../terminal/print-next.ts'
import type { LoadOptions } from './load-options.ts'
import { assertBelow, assertFits } from './load-plan.ts'
import { loadSession } from './load-session.ts'
import { nextAfterSpike } from './load-spike-next.ts'

export interface SpikeOptions extends LoadOptions {
  readonly peak?: number
}

const timesTheRate = 5

export async function loadSpikeCommand(
  words: readonly string[],
  options: SpikeOptions,
  context: CommandContext,
): Promise<number> {
  assertFits('spike', options)
  const peakPerSecond = options.peak ?? timesTheRate * options.rate
  assertBelow(peakPerSecond, options.maxRate)
  const report = await loadSession('spike', words, options, context, async session => {
    const { plan, thresholds, seconds, runLoad, signal } = session
    const shell = { runLoad, onProgress: searchProgress(context.terminal), signal }
    const found = await runSpike(plan, { peakPerSecond }, shell)
    const measured = found.steps.find(({ purpose }) => purpose === 'measure')
    return { ...found, thresholds: measured ? judgeThresholds(measured, thresholds, seconds) : [] }
  })
  if (!options.json) printNext(nextAfterSpike(report, words, options, context), context.terminal)
  return report.exitCode
}
