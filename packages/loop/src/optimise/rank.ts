/** Orders findings by what their remedy returns, and gives each its severity. */
import type { Evidence, RankedFinding } from '@whetstone/model'
import type { MergedFinding } from '../identify/merge.ts'
import { predict } from './predict.ts'
import { gainFraction, severityOf } from './severity.ts'

/** Largest weighted gain first; equal gains keep their order, so that two runs on one service list alike. */
export function rankFindings(
  findings: readonly MergedFinding[],
  evidence: Evidence,
  random: () => number,
): readonly RankedFinding[] {
  return findings
    .map(finding => {
      const predicted = finding.edit && predict(finding.edit, evidence, { random })
      const gain = gainFraction(predicted, finding, evidence)
      return {
        ...finding,
        ...(predicted ? { predicted } : {}),
        gainFraction: gain,
        severity: severityOf(finding, gain),
      }
    })
    .toSorted((a, b) => severityOrder[a.severity] - severityOrder[b.severity] || b.gainFraction - a.gainFraction)
}

const severityOrder = { high: 0, warn: 1, info: 2 } as const
