/** The score of a simulated cache: the part of the reads that it was to answer, and the part that no longer reached the database, or the cache behind it. */
import type { Evidence, RankedFinding } from '@whetstone/model'

export interface HitFractionScore {
  /** Once it has met what is asked often, and over a window in which it begins empty. */
  readonly predicted: { readonly filled: number; readonly empty: number }
  readonly measured: number
}

/** Five points: what a prediction may be off by and still be one to decide by. */
const mostMissed = 0.05

/** In words, by how the cache began: a drill takes out what it holds before it counts, a trial is under load before it measures. */
export function missedHits(score: HitFractionScore | undefined, begins: keyof HitFractionScore['predicted']): string[] {
  if (!score || Math.abs(score.predicted[begins] - score.measured) <= mostMissed) return []
  const percent = (fraction: number) => `${(100 * fraction).toFixed(1)} %`
  return [
    `${percent(score.measured)} of the reads were answered by the cache, predicted ${percent(score.predicted[begins])}`,
  ]
}

type Cached = Pick<RankedFinding, 'practice' | 'also' | 'edit'>

/** What the finding of the practice promises of a cache; undefined where it speaks of none. */
export function promisedHits(findings: readonly Cached[], practice: string) {
  const edit = findings.find(finding => finding.practice === practice || isAlso(finding, practice))?.edit
  if (edit?.kind !== 'trace' || (edit.change.kind !== 'cache' && edit.change.kind !== 'near-cache')) return undefined
  const { change } = edit
  return {
    /** What was to run less often, for each request. */
    runs: (evidence: Evidence) =>
      change.kind === 'cache' ? statementRuns(evidence, change.statementId) : cacheReads(evidence, change.keyTemplate),
    predicted: { filled: change.hitFraction, empty: change.coldHitFraction },
  }
}

const isAlso = ({ also }: Cached, practice: string): boolean => also.some(one => one.practice === practice)

/** From both arms under the same load: runs for each request, those of `after` over those of `before`. */
export function scoredHits(
  findings: readonly Cached[],
  practice: string,
  { before, after }: { readonly before: Evidence; readonly after: Evidence },
): HitFractionScore | undefined {
  const promised = promisedHits(findings, practice)
  if (!promised) return undefined
  const [paid, pays] = [promised.runs(before), promised.runs(after)]
  return paid > 0 ? { predicted: promised.predicted, measured: 1 - pays / paid } : undefined
}

function statementRuns({ statements, traces }: Evidence, statementId: string): number {
  const runs = (statements?.uses ?? []).reduce((sum, use) => sum + (use.statementId === statementId ? use.calls : 0), 0)
  return perRequest(runs, traces)
}

function cacheReads({ traces }: Evidence, keyTemplate: string): number {
  const reads = (traces?.cache?.keys ?? []).filter(keys => keys.keyTemplate === keyTemplate)
  return perRequest(
    reads.reduce((sum, { hits, misses }) => sum + hits + misses, 0),
    traces,
  )
}

function perRequest(runs: number, traces: Evidence['traces']): number {
  const requests = (traces?.routes ?? []).reduce((sum, route) => sum + route.requests, 0)
  return requests > 0 ? runs / requests : 0
}
