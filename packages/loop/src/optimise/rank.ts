/** Orders findings by what their remedy returns and what its route is worth, and gives each its severity. */
import { type Evidence, type Prediction, type RankedFinding, reportedStep } from '@whetstone/model'
import type { MergedFinding } from '../identify/merge.ts'
import { predict } from './predict.ts'
import { gainFraction, severityOf } from './severity.ts'

/**
 * Largest gain first, weighted by the traffic of its route and by what people say that route is worth; of equal ones the
 * worthier. What is equal in all keeps its order, so that two runs on one service list alike. Where the load generator
 * could not keep up, its times are partly its own: they still say what to look at first, and promise nothing.
 */
export function rankFindings(
  findings: readonly MergedFinding[],
  evidence: Evidence,
  random: () => number,
): readonly RankedFinding[] {
  const isTimed = !hasUntimedLoad(evidence)
  const weights = new Map(evidence.answers?.routes.map(({ route, weight }) => [route, weight]))
  return findings
    .map(finding => {
      const predicted = finding.edit && predict(finding.edit, evidence, { random })
      const gain = gainFraction(predicted, finding, evidence)
      const route = predicted?.route ?? finding.where.route
      const weight = (route === undefined ? undefined : weights.get(route)) ?? 1
      const weightedGain = gain * weight
      const promised = isTimed ? predicted : predicted && withoutTimes(predicted)
      const ranked: RankedFinding = {
        ...finding,
        ...(promised ? { predicted: promised } : {}),
        gainFraction: isTimed ? gain : 0,
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

/** A generator that was late measured itself: no time of this run can be held against a time after a remedy. */
export function hasUntimedLoad(evidence: Evidence): boolean {
  const load = evidence['load-curve']
  return load !== undefined && reportedStep(load)?.generator.verdict === 'invalid'
}

/** Bytes and statements are counted, not timed. */
function withoutTimes({ bytes, queriesPerRequest, route, traces, method }: Prediction): Prediction | undefined {
  if (bytes === undefined && queriesPerRequest === undefined) return undefined
  return {
    ...(route === undefined ? {} : { route }),
    ...(bytes === undefined ? {} : { bytes }),
    ...(queriesPerRequest === undefined ? {} : { queriesPerRequest }),
    traces,
    method,
  }
}

const severityOrder = { high: 0, warn: 1, info: 2 } as const
