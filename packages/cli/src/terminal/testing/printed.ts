/** Test support: what a terminal of plain text shows, and one recorded run of the demo to show (its histograms, traces and plans are left out). */
import { readFileSync } from 'node:fs'
import type { RunReport, TrialResult } from '@whetstone/model'
import { createTerminal, type Terminal } from '../terminal.ts'

export const recordedRun = JSON.parse(
  readFileSync(new URL('recorded/demo-run.json', import.meta.url), 'utf8'),
) as RunReport & { readonly trial: TrialResult }

/** The result and the progress as they are seen, line by line. */
export function printed(print: (terminal: Terminal) => void): string {
  let text = ''
  print(plainTerminal(part => (text += part)))
  return text
}

export function plainTerminal(write: (part: string) => void): Terminal {
  const stream = { isTTY: false, write } as unknown as NodeJS.WriteStream
  return createTerminal({ stdout: stream, stderr: stream, env: { LANG: 'C.UTF-8' } })
}
