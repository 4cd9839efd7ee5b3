/** What to type after a spike: the cause where it is felt for long, more of it where it is not, the same again where it was sent late. */
import type { LoadReport } from '@whetstone/model'
import { flagsOf, keptFlags } from './kept-flags.ts'
import { commandFor } from './load-words.ts'

/** Of a spike that was sent late nothing is known: it is sent again, by twice as many threads. */
export function nextAfterSpike(
  { verdict, spike, target }: Pick<LoadReport, 'verdict' | 'spike' | 'target'>,
  words: readonly string[],
  { workers = 1 }: { readonly workers?: number },
  { commandLine }: { readonly commandLine: string },
): string {
  if (verdict === 'invalid') {
    const kept = keptFlags.sameSpike
    return commandFor(`load spike --workers ${2 * workers}`, words, target.url, flagsOf(commandLine, kept))
  }
  const next = spike?.recoveryMs === undefined ? 'diagnose' : 'load stress'
  const flags = flagsOf(commandLine, next === 'diagnose' ? keptFlags.diagnoseAtRate : keptFlags.search)
  return commandFor(next, words, target.url, flags)
}
