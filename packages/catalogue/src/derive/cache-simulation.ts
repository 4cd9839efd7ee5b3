/** What a cache in front of a statement, or of another cache, would have answered: the reads of the window played through it, before anybody builds one. */
import type { KeyReads } from '@whetstone/model'

export interface CacheSize {
  /** Entries the whole cache holds; Infinity for no bound. */
  readonly entries: number
  /** From the moment a row was loaded. */
  readonly ttlMs: number
}

export interface CacheAnswers {
  readonly reads: number
  readonly hits: number
  /** 0 without reads. */
  readonly hitFraction: number
}

/**
 * Least recently used goes first, and nothing is given out that is older than the time to live. The cache is empty at first;
 * reads before `fromMs` fill it and are not counted. Of a sample of keys the cache gets the same part of its entries
 * (Waldspurger et al., "Efficient MRC Construction with SHARDS", FAST '15).
 */
export function simulateCache(
  { keys, atMs, keyFraction }: KeyReads,
  { entries, ttlMs }: CacheSize,
  fromMs = -Infinity,
): CacheAnswers {
  const most = Math.max(1, Math.round(entries * keyFraction))
  /** In the order of use; when each was loaded. */
  const loadedAtMs = new Map<number, number>()
  let reads = 0
  let hits = 0
  for (const [at, key] of keys.entries()) {
    const nowMs = atMs[at] ?? 0
    const loadedMs = loadedAtMs.get(key)
    const isHit = loadedMs !== undefined && nowMs - loadedMs < ttlMs
    loadedAtMs.delete(key)
    loadedAtMs.set(key, isHit ? loadedMs : nowMs)
    if (loadedAtMs.size > most) loadedAtMs.delete(loadedAtMs.keys().next().value!)
    if (nowMs < fromMs) continue
    reads++
    if (isHit) hits++
  }
  return { reads, hits, hitFraction: reads > 0 ? hits / reads : 0 }
}

export interface HitCurvePoint extends CacheSize {
  /** From the middle of the window on, when the cache has met what is asked often. */
  readonly hitFraction: number
  /** Over the whole window, from an empty cache: what it answers at least. */
  readonly coldHitFraction: number
}

/** One point a size, smallest first. */
export function hitCurve(reads: KeyReads, sizes: readonly number[], ttlMs: number): readonly HitCurvePoint[] {
  const [firstMs, lastMs] = [reads.atMs[0] ?? 0, reads.atMs.at(-1) ?? 0]
  const middleMs = firstMs + (lastMs - firstMs) / 2
  return sizes
    .toSorted((a, b) => a - b)
    .map(entries => ({
      entries,
      ttlMs,
      hitFraction: simulateCache(reads, { entries, ttlMs }, middleMs).hitFraction,
      coldHitFraction: simulateCache(reads, { entries, ttlMs }).hitFraction,
    }))
}

/** Part of the reads that goes to the most read fifth of the keys: about 0.2 where all are read alike, and near 1 where a few are. */
export function topFifthFraction({ keys }: KeyReads): number {
  const counts = new Map<number, number>()
  for (const key of keys) counts.set(key, (counts.get(key) ?? 0) + 1)
  const most = [...counts.values()].toSorted((a, b) => b - a).slice(0, Math.ceil(counts.size / 5))
  return keys.length > 0 ? most.reduce((sum, count) => sum + count, 0) / keys.length : 0
}
