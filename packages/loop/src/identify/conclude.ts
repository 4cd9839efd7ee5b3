/** The last step of judging, the same online and offline: merge, predict, rank, and tell findings about the service from remarks about the measurement. */
import type { CoverageRow, Evidence, RankedFinding } from '@whetstone/model'
import { seededRandom } from '@whetstone/stats'
import { hasUntimedLoad, rankFindings } from '../optimise/rank.ts'
import type { Identified } from './identify.ts'
import { mergeFindings } from './merge.ts'

export interface Judged {
  readonly findings: readonly RankedFinding[]
  readonly coverage: readonly CoverageRow[]
  /** What to know about this measurement before believing it. */
  readonly remarks: readonly string[]
}

/** Fixed, so that the same evidence always gives the same prediction. */
const predictionSeed = 20_260_101

/** Practices about how the measurement was made: they cost the service nothing, so they are remarks. */
const aboutTheMeasurement: ReadonlySet<string> = new Set(['benchmark-methodology'])
/** Says where time goes without a remedy of its own; silent once a finding names the cause. */
const givesWayToAnyCause: ReadonlySet<string> = new Set(['identify-bottleneck', 'use-method'])

const noPromises =
  'no gain in time is predicted: the load generator could not keep up, so the latencies of this run are partly its own'

export function conclude(evidence: Evidence, { findings, coverage }: Identified): Judged {
  const ranked = rankFindings(mergeFindings(findings), evidence, seededRandom(predictionSeed))
  const service = ranked.filter(finding => !aboutTheMeasurement.has(finding.practice))
  const causeIsNamed = service.some(finding => finding.severity !== 'info' && !givesWayToAnyCause.has(finding.practice))
  return {
    findings: service.filter(finding => !causeIsNamed || !givesWayToAnyCause.has(finding.practice)),
    coverage,
    remarks: [
      ...ranked.filter(finding => aboutTheMeasurement.has(finding.practice)).map(finding => finding.title),
      ...(hasUntimedLoad(evidence) && findings.some(({ edit }) => edit !== undefined) ? [noPromises] : []),
    ],
  }
}
