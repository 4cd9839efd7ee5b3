/** `whetstone report [run]`: writes the HTML page of a run or a load test again and says where it is. */
import { writeFile } from 'node:fs/promises'
import { basename, join, relative, resolve } from 'node:path'
import { renderLoadReport, renderReport } from '@whetstone/dashboard'
import { findRun, readIndex, readReport } from '@whetstone/loop'
import { exitCodes, isWhetstoneError, WhetstoneError } from '@whetstone/model'
import { baseFolder, type CommandContext } from '../context.ts'
import { openInBrowser } from '../terminal/open.ts'
import { nextAfter, printNext } from '../terminal/print-next.ts'
import { findLoad, readLoad, savedLoads } from './load-folder.ts'

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
  const folder = await wantedRun(base, run ?? 'latest')
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

/** As `findRun`, which knows of runs only. @throws WhetstoneError WHET_RUN_NOT_FOUND, WHET_RUN_AMBIGUOUS */
async function wantedRun(base: string, name: string): Promise<string> {
  try {
    return await findRun(base, name)
  } catch (cause) {
    if (!isWhetstoneError(cause) || cause.code !== 'WHET_RUN_NOT_FOUND') throw cause
    const [runs, loads] = [(await readIndex(base)).length, (await savedLoads(base)).length]
    const held = `${runs} ${runs === 1 ? 'run' : 'runs'} and ${loads} load ${loads === 1 ? 'test' : 'tests'} there`
    throw new WhetstoneError('WHET_RUN_NOT_FOUND', `no run or load test '${name}' in ${base} (${held})`, {
      cause,
      exitCode: exitCodes.usage,
      hint: 'whetstone history',
    })
  }
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
