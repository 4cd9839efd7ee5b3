/** `whetstone report [run]`: writes the HTML page of a run again and says where it is. */
import { writeFile } from 'node:fs/promises'
import { join, relative, resolve } from 'node:path'
import { renderReport } from '@whetstone/dashboard'
import { findRun, readReport } from '@whetstone/loop'
import { baseFolder, type CommandContext } from '../context.ts'
import { openInBrowser } from '../terminal/open.ts'
import { nextAfter, printNext } from '../terminal/print-next.ts'

export interface ReportOptions {
  readonly json?: boolean
  readonly output?: string
  readonly open?: boolean
}

export async function reportCommand(
  run: string | undefined,
  options: ReportOptions,
  context: CommandContext,
): Promise<void> {
  const folder = await findRun(baseFolder(context), run ?? 'latest')
  const report = await readReport(folder)
  if (options.json) return context.json(report)
  const file = options.output ? resolve(context.workingDirectory, options.output) : join(folder, 'report.html')
  await writeFile(file, renderReport(report))
  context.terminal.out(`  Report: ${relative(context.workingDirectory, file) || file}`)
  printNext(nextAfter(report.findings), context.terminal)
  if (options.open) openInBrowser(file)
}
