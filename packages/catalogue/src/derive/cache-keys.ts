/** What is kept in a cache on the network, by the template of its keys: how it answers, and where the code reads it. */
import type { CacheKeys, CacheUse, Edit, HotKey, RouteName, Site, TracesEvidence } from '@whetstone/model'
import { memo } from './memo.ts'

export interface KeyFamily {
  readonly keyTemplate: string
  readonly keys: CacheKeys
  /** Keys asked for: hits and misses. */
  readonly reads: number
  /** 0 without reads. */
  readonly hitFraction: number
  /** Commands that read it and can miss, most called first. */
  readonly readers: readonly CacheUse[]
  /** The only one that reads it. */
  readonly route?: RouteName
  /** Where it is read most. */
  readonly site?: Site
}

/** Read at least once, most read first. */
export const keyFamilies: (traces: TracesEvidence) => readonly KeyFamily[] = memo(({ cache }) =>
  (cache?.keys ?? [])
    .map(keys => familyOf(keys, cache?.uses ?? []))
    .filter(({ reads }) => reads > 0)
    .toSorted((a, b) => b.reads - a.reads),
)

function familyOf(keys: CacheKeys, uses: readonly CacheUse[]): KeyFamily {
  const readers = uses
    .filter(use => use.keyTemplate === keys.keyTemplate && use.driver === keys.driver && use.hits + use.misses > 0)
    .toSorted((a, b) => b.calls - a.calls)
  const routes = [...new Set(readers.map(({ route }) => route))]
  const site = readers.find(use => use.site?.length)?.site
  const reads = keys.hits + keys.misses
  return {
    keyTemplate: keys.keyTemplate,
    keys,
    reads,
    hitFraction: reads > 0 ? keys.hits / reads : 0,
    readers,
    ...(routes.length === 1 && routes[0] ? { route: routes[0] } : {}),
    ...(site ? { site } : {}),
  }
}

/** Mean time from a miss to the set behind it; undefined where nothing was loaded. */
export function meanLoadMs({ loads: { loads, totalMs } }: CacheKeys): number | undefined {
  return loads > 0 ? totalMs / loads : undefined
}

/** By the TTL most keys were set with; null = none, undefined where nobody set any. */
export function usualTtlMs({ ttls }: CacheKeys): number | null | undefined {
  return ttls[0]?.ttlMs
}

/** Of the key that is read most, over all processes that read it; 0 where none is read often. */
export function hotRatePerSecond({ hot }: CacheKeys): number {
  const rates = new Map<string, number>()
  for (const key of hot) rates.set(key.keyHash, (rates.get(key.keyHash) ?? 0) + rateOf(key))
  return Math.max(0, ...rates.values())
}

/** Reads a second by its process; of a key that was read for less than a second, its reads. */
export function rateOf({ reads, fromMs, toMs }: HotKey): number {
  return reads / Math.max(1, (toMs - fromMs) / 1_000)
}

/** The edit by which this part of the misses would run nothing; none where nobody saw what a miss runs. @param coldFraction while the cache fills */
export function fewerLoads(
  { keys, route }: KeyFamily,
  savedFraction: number,
  coldFraction = savedFraction,
): { readonly edit?: Edit } {
  const statementId = keys.loads.statements[0]?.statementId
  if (statementId === undefined) return {}
  const change = { kind: 'cache', statementId, hitFraction: savedFraction, coldHitFraction: coldFraction } as const
  return { edit: { kind: 'trace', change, ...(route ? { route } : {}) } }
}
