/** A diagnosis and its proof as one run: the trial is evidence too, so what it says of the machine and of each finding is judged again. */
import {
  maskedDeep,
  type Evidence,
  type LadderStep,
  type MeasuredGain,
  type RankedFinding,
  type RunReport,
  type TrialResult,
} from '@whetstone/model'
import { identifyAgain } from '../diagnose.ts'
import { exitCodeOfTrial } from './exit-code.ts'

export interface Proof {
  readonly trial: TrialResult
  readonly ladder: readonly LadderStep[]
}

/** An undecided trial ends such a run with a code of its own: it was made to prove something. */
export function withTrial(
  { report, evidence }: { readonly report: RunReport; readonly evidence: Evidence },
  { trial, ladder }: Proof,
): { readonly report: RunReport; readonly evidence: Evidence } {
  const known = withConditions(evidence, trial)
  const { findings, coverage, remarks } = identifyAgain(known)
  const earlier = new Set(identifyAgain(evidence).remarks)
  const proved: RunReport = {
    ...report,
    findings: withGains(findings, { trial, ladder }),
    coverage,
    warnings: [...remarks, ...report.warnings.filter(warning => !earlier.has(warning))],
    trial,
    ladder,
    verdict: trial.guard.tooNoisy ? 'too-noisy' : trial.verdict,
    exitCode: exitCodeOfTrial(trial, true),
  }
  return { report: maskedDeep(proved), evidence: known }
}

function withConditions(evidence: Evidence, { pairs, guard }: TrialResult): Evidence {
  if (!evidence.history) return evidence
  const conditions = {
    ...evidence.history.conditions,
    trialPairs: pairs,
    guardSpreadFraction: guard.spreadFraction,
  }
  return { ...evidence, history: { ...evidence.history, conditions } }
}

export function withGains(findings: readonly RankedFinding[], { trial, ladder }: Proof): readonly RankedFinding[] {
  if (trial.guard.tooNoisy) return findings
  const applied = new Set(ladder.flatMap(({ practice }) => practice ?? []))
  const remedied = findings.filter(finding => isApplied(finding, applied))
  return findings.map(finding => {
    const { route } = finding.where
    const sharers = remedied.filter(other => other.where.route === route)
    // What only changed sizes promised no time; and of two remedies on one route the trial cannot tell which it was.
    const isItsOwn = sharers.length === 1 && sharers[0] === finding && finding.predicted?.p95Ms !== undefined
    const measured = isItsOwn && route !== undefined ? gainOn(route, trial) : undefined
    return measured ? { ...finding, measured } : finding
  })
}

function isApplied({ practice, also }: RankedFinding, applied: ReadonlySet<string>): boolean {
  return [practice, ...also.map(other => other.practice)].some(id => applied.has(id))
}

function gainOn(route: string, { metrics }: TrialResult): MeasuredGain | undefined {
  const metric = metrics.find(one => one.route === route && one.name === 'p95Ms' && one.pairs > 0)
  return metric && { metric: metric.name, before: metric.a, after: metric.b, ratio: metric.ratio }
}
