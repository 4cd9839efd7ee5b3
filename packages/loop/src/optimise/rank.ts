/** Orders findings by what their remedy returns and what its route is worth, and gives each its severity. */
import type { Evidence, RankedFinding } from '@whetstone/model'
import type { MergedFinding } from '../identify/merge.ts'
import { predict } from './predict.ts'
import { gainFraction, severityOf } from './severity.ts'

/**
 * Largest gain first, weighted by the traffic of its route and by what people say that route is worth; of equal ones the
 * worthier. What is equal in all keeps its order, so that two runs on one service list alike.
 */
export function rankFindings(
  findings: readonly MergedFinding[],
  evidence: Evidence,
  random: () => number,
): readonly RankedFinding[] {
  const weights = new Map(evidence.answers?.routes.map(({ route, weight }) => [route, weight]))
  return findings
    .map(finding => {
      const predicted = finding.edit && predict(finding.edit, evidence, { random })
      const gain = gainFraction(predicted, finding, evidence)
      const route = predicted?.route ?? finding.where.route
      const weight = (route === undefined ? undefined : weights.get(route)) ?? 1
      const weightedGain = gain * weight
      const ranked: RankedFinding = {
        ...finding,
        ...(predicted ? { predicted } : {}),
        gainFraction: gain,
        severity: severityOf(finding, weightedGain),
      }
      return { ranked, weight, weightedGain }
    })
    .toSorted(
      (a, b) =>
        severityOrder[a.ranked.severity] - severityOrder[b.ranked.severity] ||
        b.weightedGain - a.weightedGain ||
        b.weight - a.weight,
    )
    .map(({ ranked }) => ranked)
}

const severityOrder = { high: 0, warn: 1, info: 2 } as const
