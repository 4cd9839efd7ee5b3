/** Caches in the memory of the service, by their name, over all processes that have one. */
import type { CacheCounters, CountersEvidence } from '@whetstone/model'

export interface MemoryCaches {
  readonly name: string
  readonly processes: number
  readonly lookups: number
  /** Answered from memory, stale or not; 0 without lookups. */
  readonly hitFraction: number
  readonly loads: number
  readonly loadMs: number
  readonly evicted: number
}

export function memoryCaches(counters: CountersEvidence | undefined): readonly MemoryCaches[] {
  const byName = new Map<string, CacheCounters[]>()
  for (const cache of counters?.caches ?? []) byName.set(cache.name, [...(byName.get(cache.name) ?? []), cache])
  return [...byName].map(([name, caches]) => {
    const sum = (field: Exclude<keyof CacheCounters, 'pid' | 'name'>) =>
      caches.reduce((total, cache) => total + cache[field], 0)
    const answered = sum('hit') + sum('early') + sum('stale')
    const lookups = answered + sum('miss')
    return {
      name,
      processes: new Set(caches.map(({ pid }) => pid)).size,
      lookups,
      hitFraction: lookups > 0 ? answered / lookups : 0,
      loads: sum('loads'),
      loadMs: sum('loadMs'),
      evicted: sum('evicted'),
    }
  })
}
