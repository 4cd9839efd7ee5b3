/** A hit in the memory tier against one in lru-cache: both with an end for every entry, and both without. */
import { MemoryCache } from '@whetstone/runtime/cache'
import { LRUCache } from 'lru-cache'
import type { CachePartOptions } from '../cache.ts'
import { inTurns } from './in-turns.ts'
import { manyKeys, zipfKeys } from './zipf-keys.ts'

interface Gets {
  get(key: string): object | undefined
}

export async function syncHits({ quick, log }: CachePartOptions) {
  const [entries, operations, rounds] = quick ? [2_000, 500_000, 5] : [100_000, 1_000_000, 15]
  const keys = manyKeys(entries)
  const draws = zipfKeys(keys, operations)
  const contest = (ttlMs: number | undefined) => {
    const ours = new MemoryCache<string, object>({ maxEntries: entries, ...(ttlMs && { ttlMs }) })
    const theirs = new LRUCache<string, object>({ max: entries, ...(ttlMs && { ttl: ttlMs }) })
    for (const key of keys) {
      ours.set(key, { key })
      theirs.set(key, { key })
    }
    return inTurns(
      [
        { name: 'ours', operations, run: () => readAll(ours, draws) },
        { name: 'lru-cache', operations, run: () => readAll(theirs, draws) },
      ],
      rounds,
    )
  }
  const without = await contest(undefined)
  const ending = await contest(3_600_000)
  log(`sync hit without an end: ${JSON.stringify(without)}`)
  log(`sync hit with an end: ${JSON.stringify(ending)}`)
  return {
    rounds,
    figures: {
      syncHitOfLruCache: Math.min(without.ratio['lru-cache']!, ending.ratio['lru-cache']!),
      syncHitOfLruCacheWithoutTtl: without.ratio['lru-cache']!,
      syncHitOfLruCacheWithTtl: ending.ratio['lru-cache']!,
      syncHitNs: without.costNs['ours']!,
      syncHitNsLruCache: without.costNs['lru-cache']!,
      syncHitNsWithTtl: ending.costNs['ours']!,
      syncHitNsLruCacheWithTtl: ending.costNs['lru-cache']!,
    },
  }
}

function readAll(cache: Gets, draws: readonly string[]): void {
  let found = 0
  for (const key of draws) if (cache.get(key) !== undefined) found++
  if (found !== draws.length) throw new Error(`${draws.length - found} of ${draws.length} reads were no hits`)
}
