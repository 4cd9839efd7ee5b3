/** One cause, one finding: what several practices say about the same statement, site or route becomes one, headed by the most specific. */
import { type Finding, placeText } from '@whetstone/model'

export interface MergedFinding extends Finding {
  readonly also: readonly { readonly practice: string; readonly title: string }[]
}

/** How general a practice speaks: a higher one gives way to a lower one about the same thing. Absent = 0, names the cause itself. */
const generality: Readonly<Record<string, number>> = {
  'slow-queries': 1,
  'explain-plans': 1,
  'orm-queries': 1,
  'event-loop-blocking': 1,
  'cpu-profiling': 1,
  'memory-profiling': 1,
  'response-time-target': 2,
  'resource-efficiency': 2,
  'identify-bottleneck': 3,
}

/** Hides a slow answer instead of making it fast: gives way to what names why the same route is slow. */
const hidesSlowness: ReadonlySet<string> = new Set(['http-cache-headers'])

/** Pure and stable: order in = order out, apart from what was merged away. */
export function mergeFindings(findings: readonly Finding[]): readonly MergedFinding[] {
  const bySpecific = findings
    .map((finding, order) => ({ finding, order, level: levelOf(finding) }))
    .toSorted((a, b) => a.level - b.level || a.order - b.order)
  const kept: { finding: Finding; level: number; order: number; also: { practice: string; title: string }[] }[] = []
  for (const { finding, order, level } of bySpecific) {
    const head = kept.find(other => sameCause(other.finding, other.level, finding, level))
    if (!head) kept.push({ finding, level, order, also: [] })
    else if (
      head.finding.practice !== finding.practice &&
      !head.also.some(also => also.practice === finding.practice)
    ) {
      head.also.push({ practice: finding.practice, title: finding.title })
    }
  }
  return kept.toSorted((a, b) => a.order - b.order).map(({ finding, also }) => ({ ...finding, also }))
}

function levelOf({ practice }: Finding): number {
  return hidesSlowness.has(practice) ? 0.5 : (generality[practice] ?? 0)
}

function sameCause(head: Finding, headLevel: number, other: Finding, otherLevel: number): boolean {
  if (head.fingerprint === other.fingerprint) return true
  const sameRoute = head.where.route === other.where.route || !head.where.route || !other.where.route
  const sameStatement = head.where.statementId !== undefined && head.where.statementId === other.where.statementId
  const headPlace = placeText(head.where.site)
  const samePlace = headPlace !== undefined && headPlace === placeText(other.where.site)
  if (hidesSlowness.has(other.practice)) {
    // A smaller answer is still made anew for everybody; a faster one may need no cache.
    const makesItFaster = head.edit !== undefined && head.edit.kind !== 'bytes'
    return makesItFaster && head.where.route !== undefined && head.where.route === other.where.route
  }
  if (otherLevel > headLevel) {
    // The general one says "this statement, this line or this route is slow"; the specific one says why.
    if (otherLevel >= 2) return head.where.route !== undefined && head.where.route === other.where.route
    return sameRoute && (sameStatement || samePlace)
  }
  if (sameRoute && sameStatement && isCache(head) && isCache(other)) return true
  return sameRoute && sameStatement && samePlace && head.where.resource === other.where.resource
}

/** Practices of a chapter each propose a cache for one read in their own words; nobody builds two. Nor does it take a line of code to see it. */
function isCache({ edit }: Finding): boolean {
  return edit?.kind === 'trace' && edit.change.kind === 'cache'
}
