/** `whetstone report [run]`: writes the HTML page of a run or a load test again and says where it is. */
import { writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { renderLoadReport, renderReport } from '@whetstone/dashboard'
import { findRun, readReport } from '@whetstone/loop'
import { baseFolder, type CommandContext } from '../context.ts'
import { openInBrowser } from '../terminal/open.ts'
import { nextAfter, printNext } from '../terminal/print-next.ts'
import { findLoad, readLoad } from './load-folder.ts'

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
  const base = baseFolder(context)
  const load = await wantedLoad(base, run ?? 'latest')
  if (load !== undefined) return writeLoadPage(load, options, context)
  const folder = await findRun(base, run ?? 'latest')
  const report = await readReport(folder)
  if (options.json) return context.json(report)
  await writePage(renderReport(report), folder, options, context)
  printNext(nextAfter(report.findings), context.terminal)
}

async function writeLoadPage(folder: string, options: ReportOptions, context: CommandContext): Promise<void> {
  const report = await readLoad(folder)
  if (options.json) return context.json(report)
  await writePage(renderLoadReport(report), folder, options, context)
  printNext('whetstone history', context.terminal)
}

/** Ids of both kinds begin with the time, so that the latest of the two is told by them. */
async function wantedLoad(base: string, name: string): Promise<string | undefined> {
  const load = await findLoad(base, name)
  if (load === undefined || name !== 'latest') return load
  const latestRun = await findRun(base, 'latest').catch(() => undefined)
  return latestRun === undefined || basename(load) > basename(latestRun) ? load : undefined
}

async function writePage(page: string, folder: string, options: ReportOptions, context: CommandContext): Promise<void> {
  const file = options.output ? resolve(context.workingDirectory, options.output) : join(folder, 'report.html')
  await writeFile(file, page)
  context.terminal.out(`  Report: ${relative(context.workingDirectory, file) || file}`)
  if (options.open) openInBrowser(file)
}
