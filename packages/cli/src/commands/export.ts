/** `whetstone export`: a run that may leave this machine: no parameters, no literals, no secrets. */
import { writeFile } from 'node:fs/promises'
import { basename, resolve } from 'node:path'
import { findRun, readEvidence, readReport, redactRun } from '@whetstone/loop'
import { baseFolder, type CommandContext } from '../context.ts'
import { printNext } from '../terminal/print-next.ts'

export async function exportCommand(
  run: string,
  options: { readonly output?: string },
  context: CommandContext,
): Promise<void> {
  const folder = await findRun(baseFolder(context), run)
  const [report, evidence] = await Promise.all([readReport(folder), readEvidence(folder)])
  const file = resolve(context.workingDirectory, options.output ?? `${basename(folder)}.whetstone.json`)
  await writeFile(file, `${JSON.stringify(redactRun({ report, evidence }), null, 1)}\n`)
  context.terminal.out(`  Exported without parameters, literals and secrets: ${file}`)
  printNext('whetstone history', context.terminal)
}
