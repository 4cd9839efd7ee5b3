/** Whether the heap grows while the load does not: told from full collections, never from the sawtooth between them. */
import type { Confidence, HeapCollection, HeapProcess, HeapProfileEvidence, HeapSite } from '@whetstone/model'
import { mannKendall, median, theilSen } from '@whetstone/stats'

export interface GrowthLimits {
  readonly points: number
  readonly pValue: number
  readonly grownBytes: number
  readonly bytesPerHour: number
}

export type HeapReading =
  | { readonly kind: 'unseen' }
  /** Too few points for a trend. `grownBytes` between the first and the last. */
  | ({ readonly kind: 'short' } & HeapWindow)
  | ({ readonly kind: 'steady' } & HeapWindow)
  | ({ readonly kind: 'grows' } & HeapGrowth)

export interface HeapWindow {
  readonly process: HeapProcess
  readonly grownBytes: number
  /** From the first point to the last, like `requests`. */
  readonly durationMs: number
  readonly requests: number
}

export interface HeapGrowth extends HeapWindow {
  readonly points: number
  readonly bytesPerHour: { readonly estimate: number; readonly low: number; readonly high: number }
  readonly bytesPerRequest: number | undefined
  /** The functions that allocated what stays, those that grew most first. */
  readonly sites: readonly HeapSite[]
}

const hourMs = 3_600_000

/** A window of seconds cannot tell a leak from a large cache that fills; ten minutes can. */
const tellingMs = 600_000

/** The same for every practice that reports growth: what one calls suspected, no other may call certain. */
export const growthConfidence = ({ durationMs }: Pick<HeapGrowth, 'durationMs'>): Confidence =>
  durationMs >= tellingMs ? 'strong' : 'suspected'

/** What to do where the window was too short to tell; empty where it was not. */
export const longerLook = ({ durationMs }: Pick<HeapGrowth, 'durationMs'>): readonly string[] =>
  durationMs >= tellingMs
    ? []
    : ['If it is a cache with a bound, a longer run shows where it ends: whetstone load soak --duration 30m']

/** What grew less in this window could not be told from a service that settles. */
export function leastGrowth(
  { durationMs, requests }: HeapWindow,
  limits: GrowthLimits,
): { readonly bytes: number; readonly bytesPerRequest: number | undefined } {
  const bytes = Math.max(limits.grownBytes, (limits.bytesPerHour * durationMs) / hourMs)
  return { bytes, bytesPerRequest: requests > 0 ? bytes / requests : undefined }
}

/** Of several processes the one that grows most. */
export function readHeap(evidence: HeapProfileEvidence | undefined, limits: GrowthLimits): HeapReading {
  const readings = (evidence?.processes ?? []).flatMap(process => readProcess(process, limits) ?? [])
  const rank = { grows: 2, short: 1, steady: 0 } as const
  const [most] = readings.toSorted((a, b) => rank[b.kind] - rank[a.kind] || b.grownBytes - a.grownBytes)
  return most ?? { kind: 'unseen' }
}

type Seen = Exclude<HeapReading, { kind: 'unseen' }>

function readProcess(process: HeapProcess, limits: GrowthLimits): Seen | undefined {
  const points = underOneLoad(process.collections)
  const [first, last] = [points[0], points.at(-1)]
  if (!first || !last) return undefined
  const grownBytes = last.keptBytes - first.keptBytes
  const durationMs = last.atMs - first.atMs
  const requests = last.requests - first.requests
  const window = { process, grownBytes, durationMs, requests }
  if (points.length < limits.points) return { kind: 'short', ...window }
  const perHour = theilSen(points.map(({ atMs, keptBytes }) => ({ x: (atMs - first.atMs) / hourMs, y: keptBytes })))
  const isGrowing =
    grownBytes >= limits.grownBytes &&
    perHour.estimate >= limits.bytesPerHour &&
    perHour.low > 0 &&
    mannKendall(points.map(({ keptBytes }) => keptBytes)).pRising < limits.pValue &&
    keepsGrowing(points)
  if (!isGrowing) return { kind: 'steady', ...window }
  return {
    kind: 'grows',
    ...window,
    points: points.length,
    bytesPerHour: perHour,
    bytesPerRequest: requests > 0 ? grownBytes / requests : undefined,
    sites: growingSites(process.sites, grownBytes),
  }
}

/** A pause before the first points was no load: what was kept then belongs to another window. */
function underOneLoad(collections: readonly HeapCollection[]): readonly HeapCollection[] {
  const gaps = collections.slice(1).map(({ atMs }, at) => atMs - collections[at]!.atMs)
  if (gaps.length < 3) return collections
  const usual = median(gaps)
  const lastPause = gaps.findLastIndex(gap => gap > 3 * usual)
  return collections.slice(lastPause + 1)
}

/** A cache that fills grows slower and slower; what is never given back grows as fast in the end as in the beginning. */
function keepsGrowing(points: readonly HeapCollection[]): boolean {
  const middle = Math.floor(points.length / 2)
  const slopeOf = (part: readonly HeapCollection[]) =>
    theilSen(part.map(({ atMs, keptBytes }) => ({ x: atMs - part[0]!.atMs, y: keptBytes }))).estimate
  const [early, late] = [slopeOf(points.slice(0, middle + 1)), slopeOf(points.slice(middle))]
  return late > 0 && late >= early / 2
}

/** A tenth of the growth: what is smaller explains nothing. */
const leastShare = 0.1

function growingSites(sites: readonly HeapSite[], grownBytes: number): readonly HeapSite[] {
  const grown = (site: HeapSite) => site.lastBytes - site.firstBytes
  return sites.filter(site => grown(site) >= grownBytes * leastShare).toSorted((a, b) => grown(b) - grown(a))
}
