/** `whetstone identify <run>`: judges saved evidence again, offline, with today's practices and settings. */
import { failsOn, findRun, identifyAgain, readEvidence, readReport } from '@whetstone/loop'
import { exitCodes, type Severity } from '@whetstone/model'
import { loadConfig } from '../config.ts'
import { baseFolder, type CommandContext } from '../context.ts'
import { nextAfter, printNext } from '../terminal/print-next.ts'
import { printCoverage, printFindings } from '../terminal/print-report.ts'

export async function identifyCommand(
  run: string | undefined,
  options: { readonly json?: boolean; readonly failOn?: Severity },
  context: CommandContext,
): Promise<number> {
  const folder = await findRun(baseFolder(context), run ?? 'latest')
  const [evidence, saved, config] = await Promise.all([
    readEvidence(folder),
    readReport(folder),
    loadConfig(context.workingDirectory),
  ])
  // What people say today stands before what they said then.
  const answered = { ...evidence, ...(config.answers ? { answers: config.answers } : {}) }
  const judged = identifyAgain(answered, undefined, config.practices)
  const exitCode = failsOn(options.failOn, judged.findings) ? exitCodes.findings : exitCodes.ok
  const report = { ...saved, exitCode, findings: judged.findings, coverage: judged.coverage }
  if (options.json) context.json(report)
  else {
    printFindings(report, context.terminal)
    printCoverage(report, context.terminal)
    context.terminal.out()
    printNext(nextAfter(report.findings), context.terminal)
  }
  return exitCode
}
