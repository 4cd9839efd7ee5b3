/** `whetstone identify <run>`: judges saved evidence again, offline, with today's practices and settings. */
import { findRun, identifyAgain, readEvidence, readReport } from '@whetstone/loop'
import { exitCodes } from '@whetstone/model'
import { loadConfig } from '../config.ts'
import { baseFolder, type CommandContext } from '../context.ts'
import { printCoverage, printFindings } from '../terminal/print-report.ts'

export async function identifyCommand(
  run: string | undefined,
  options: { readonly json?: boolean; readonly failOn?: string },
  context: CommandContext,
): Promise<number> {
  const folder = await findRun(baseFolder(context), run ?? 'latest')
  const [evidence, saved, config] = await Promise.all([
    readEvidence(folder),
    readReport(folder),
    loadConfig(context.workingDirectory),
  ])
  const judged = identifyAgain(evidence, undefined, config.practices)
  const report = { ...saved, findings: judged.findings, coverage: judged.coverage }
  if (options.json) context.json(report)
  else {
    printFindings(report, context.terminal)
    printCoverage(report, context.terminal)
  }
  return failsOn(options.failOn, judged.findings) ? exitCodes.findings : exitCodes.ok
}

/** `--fail-on high|warn|info`: true when a finding is at least that severe. */
export function failsOn(
  level: string | undefined,
  findings: readonly { readonly severity: 'high' | 'warn' | 'info' }[],
): boolean {
  const order = ['high', 'warn', 'info']
  return level !== undefined && findings.some(finding => order.indexOf(finding.severity) <= order.indexOf(level))
}
