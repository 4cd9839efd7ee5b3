/** How a run ends for the shell: decided once, before the report is written, so that a saved run says the same. */
import { exitCodes, type ExitCode, type RunReport, type Severity, type TrialResult } from '@whetstone/model'

/** What is certain comes before what could not be decided. */
export function exitCodeOf(
  { run, verdict, budgets, findings }: Pick<RunReport, 'run' | 'verdict' | 'budgets' | 'findings'>,
  failOn: Severity | undefined,
): ExitCode {
  if (run.interruptedAfterMs !== undefined) return exitCodes.interrupted
  if (verdict === 'failed') return exitCodes.target
  if (budgets.some(({ ok, unknown }) => !ok && unknown === undefined)) return exitCodes.gate
  if (failsOn(failOn, findings)) return exitCodes.findings
  return budgets.some(({ unknown }) => unknown !== undefined) ? exitCodes.undecided : exitCodes.ok
}

/** @param strict an undecided trial is a failure of its own, not a warning */
export function exitCodeOfTrial({ guard, verdict }: TrialResult, strict: boolean): ExitCode {
  if (guard.tooNoisy || verdict === 'unclear') return strict ? exitCodes.undecided : exitCodes.ok
  return verdict === 'worse' ? exitCodes.gate : exitCodes.ok
}

/** `--fail-on high|warn|info`: true when a finding is at least that severe. */
export function failsOn(level: Severity | undefined, findings: readonly { readonly severity: Severity }[]): boolean {
  const order: readonly Severity[] = ['high', 'warn', 'info']
  return level !== undefined && findings.some(finding => order.indexOf(finding.severity) <= order.indexOf(level))
}
