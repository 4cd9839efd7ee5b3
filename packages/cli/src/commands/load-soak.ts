/** `whetstone load soak`: the same load for a long time, to see what grows though nothing changes. */
import { judgeThresholds, runSoak } from '@whetstone/load'
import type { CommandContext } from '../context.ts'
import { searchProgress } from '../terminal/print-load-progress.ts'
import { printNext } from '../terminal/print-next.ts'
import type { LoadOptions } from './load-options.ts'
import { flagsOf, keptFlags } from './kept-flags.ts'
import { assertFits } from './load-plan.ts'
import { processReader } from './load-process-readings.ts'
import { loadSession } from './load-session.ts'
import { commandFor } from './load-words.ts'

export async function loadSoakCommand(
  words: readonly string[],
  options: LoadOptions,
  context: CommandContext,
): Promise<number> {
  assertFits('soak', options)
  const report = await loadSession('soak', words, options, context, async session => {
    const { plan, thresholds, seconds, runLoad, service, signal } = session
    const readProcess = processReader(service.pid, service.readHeap)
    const shell = { runLoad, onProgress: searchProgress(context.terminal), signal }
    const found = await runSoak(plan, { ...(readProcess && { readProcess }) }, shell)
    const { steps, soak, warnings } = found
    const measured = steps.find(({ purpose }) => purpose === 'measure')
    const isShort = plan.durationMs < soak.shortestTellingMs
    return {
      ...found,
      thresholds: measured ? judgeThresholds(measured, thresholds, seconds) : [],
      warnings: [
        ...warnings,
        ...(isShort ? ['shorter than half an hour, which hardly tells a leak from what waits to be collected'] : []),
        ...(readProcess ? [] : ['memory and handles were not read: let whetstone start the service for that']),
      ],
    }
  })
  const flags = flagsOf(context.commandLine, keptFlags.diagnoseAtRate)
  if (!options.json) printNext(commandFor('diagnose', words, report.target.url, flags), context.terminal)
  return report.exitCode
}
