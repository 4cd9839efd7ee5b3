/** A hit of `getOrLoad`, awaited, against what others call it: their memory tier alone, over as many entries, set up as their manuals say. */
import { cachified, totalTtl } from '@epic-web/cachified'
import { Cache } from '@whetstone/runtime/cache'
import { createCache } from 'async-cache-dedupe'
import { BentoCache, bentostore } from 'bentocache'
import { memoryDriver } from 'bentocache/drivers/memory'
import { LRUCache } from 'lru-cache'
import type { CachePartOptions } from '../cache.ts'
import { type Contender, inTurns } from './in-turns.ts'
import { manyKeys, zipfKeys } from './zipf-keys.ts'

const ttlMs = 3_600_000

export async function asyncHits({ quick, log }: CachePartOptions) {
  const [entries, operations, rounds] = quick ? [500, 4_000, 5] : [100_000, 30_000, 11]
  const keys = manyKeys(entries)
  const asks: Readonly<Record<string, (key: string) => Promise<unknown>>> = {
    ours: ours(entries),
    bentocache: bento(entries),
    cachified: cachifiedOver(entries),
    'async-cache-dedupe': dedupe(entries),
  }
  const contenders: Contender[] = []
  for (const [name, ask] of Object.entries(asks)) {
    for (const key of keys) await ask(key)
    // What costs a tenth gets ten times the turns, so that each turn is long enough to be measured.
    const draws = zipfKeys(keys, operations * (name === 'ours' ? 10 : 1))
    contenders.push({ name, operations: draws.length, run: () => askAll(ask, draws) })
  }
  const loaded = loads
  const turns = await inTurns(contenders, rounds)
  if (loads !== loaded) throw new Error(`${loads - loaded} reads were no hits`)
  log(`getOrLoad hit: ${JSON.stringify(turns)}`)
  return {
    rounds,
    figures: {
      getOrLoadOfBentoCache: turns.ratio['bentocache']!,
      getOrLoadOfCachified: turns.ratio['cachified']!,
      getOrLoadOfAsyncCacheDedupe: turns.ratio['async-cache-dedupe']!,
      getOrLoadNs: turns.costNs['ours']!,
      getOrLoadNsBentoCache: turns.costNs['bentocache']!,
      getOrLoadNsCachified: turns.costNs['cachified']!,
      getOrLoadNsAsyncCacheDedupe: turns.costNs['async-cache-dedupe']!,
    },
  }
}

let loads = 0
async function load(key: string): Promise<object> {
  loads++
  return { key }
}

async function askAll(ask: (key: string) => Promise<unknown>, draws: readonly string[]): Promise<void> {
  for (const key of draws) await ask(key)
}

function ours(entries: number) {
  const cache = new Cache({ maxEntries: entries, defaults: { ttlMs } })
  return (key: string) => cache.getOrLoad(key, () => load(key))
}

function bento(entries: number) {
  const memory = bentostore().useL1Layer(memoryDriver({ maxItems: entries, serialize: false }))
  const cache = new BentoCache({ default: 'memory', stores: { memory } })
  return (key: string) => cache.getOrSet({ key, ttl: ttlMs, factory: () => load(key) })
}

function cachifiedOver(entries: number) {
  const lru = new LRUCache<
    string,
    { readonly value: unknown; readonly metadata: { readonly createdTime: number; readonly ttl?: number | null } }
  >({
    max: entries,
  })
  const cache = {
    get: (key: string) => lru.get(key),
    delete: (key: string) => lru.delete(key),
    set: (key: string, value: { readonly value: unknown; readonly metadata: { readonly createdTime: number } }) => {
      const ttl = totalTtl(value.metadata)
      return lru.set(key, value, { ...(ttl < Infinity && { ttl }) })
    },
  }
  return (key: string) => cachified({ key, cache, ttl: ttlMs, getFreshValue: () => load(key) })
}

function dedupe(entries: number) {
  const cache = createCache({ ttl: ttlMs / 1_000, storage: { type: 'memory', options: { size: entries } } }).define(
    'load',
    (key: string) => load(key),
  )
  return (key: string) => cache.load(key)
}
