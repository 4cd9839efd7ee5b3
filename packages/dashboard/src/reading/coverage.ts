/** What was checked and what could not be: counts for the bar, and the cheapest ways to see more. */
import type { CoverageRow, CoverageState, EvidenceKind, RunReport } from '@whetstone/model'

export interface CoverageCount {
  readonly state: CoverageState
  readonly label: string
  readonly rows: readonly CoverageRow[]
}
const labels: readonly (readonly [CoverageState, string])[] = [
  ['finding', 'missing'],
  ['pass', 'in place'],
  ['not-applicable', 'not applicable'],
  ['ask', 'only you can say'],
  ['unknown', 'not observable'],
  ['failed', 'check failed'],
]

/** In the order of the bar; states without a row are left out. */
export function coverageCounts(report: RunReport): readonly CoverageCount[] {
  return labels
    .map(([state, label]) => ({ state, label, rows: report.coverage.filter(row => row.state === state) }))
    .filter(count => count.rows.length > 0)
}

export interface WayToSeeMore {
  readonly missing: readonly EvidenceKind[]
  readonly give?: string
  /** Why the first of them could not be judged. */
  readonly why: string
  readonly practices: readonly string[]
}

/** What to type, by how many practices it would make visible. */
export function waysToSeeMore(report: RunReport): readonly WayToSeeMore[] {
  const ways = new Map<string, { missing: Set<EvidenceKind>; give?: string; why: string; practices: string[] }>()
  for (const row of report.coverage) {
    if (row.state !== 'unknown') continue
    const key = row.give ?? `missing ${(row.missing ?? []).toSorted().join(' ')}`
    const way = ways.get(key) ?? {
      missing: new Set(),
      why: row.note,
      ...(row.give === undefined ? {} : { give: row.give }),
      practices: [],
    }
    for (const kind of row.missing ?? []) way.missing.add(kind)
    way.practices.push(row.practice)
    ways.set(key, way)
  }
  return [...ways.values()]
    .map(way => ({ ...way, missing: [...way.missing] }))
    .sort((a, b) => b.practices.length - a.practices.length)
}

const kindWords: Readonly<Record<EvidenceKind, string>> = {
  answers: 'your answers',
  'http-probe': 'single requests',
  'load-curve': 'load',
  traces: 'traces',
  statements: 'SQL statements',
  pg: 'the database',
  redis: 'the cache server',
  runtime: 'the Node process',
  counters: 'counters of libraries',
  'heap-profile': 'the heap over time',
  drills: 'drills',
  'cpu-profile': 'a CPU profile',
  host: 'the machine',
  source: 'the source files',
  history: 'earlier runs',
}
export function evidenceWords(kind: EvidenceKind): string {
  return kindWords[kind]
}
