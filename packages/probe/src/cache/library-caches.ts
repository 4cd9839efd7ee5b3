/** Caches in the memory of the service that tell of themselves on the diagnostics channel `whetstone:cache`: counted by their names. */
import { subscribe } from 'node:diagnostics_channel'
import type { CacheCounters } from '@whetstone/model'
import { guarded } from '../guard.ts'
import { level, SQL } from '../level.ts'

/** What is read of it; the library and the probe come in versions of their own. */
interface CacheEvent {
  readonly cache: string
  readonly kind: string
  readonly coalesced?: boolean
  readonly loadMs?: number
  readonly failed?: boolean
}
type Counts = { -readonly [Name in keyof Omit<CacheCounters, 'pid' | 'name'>]-?: number }

const cachesKept = 200
let caches = new Map<string, Counts>()
let changed = false

export function hookLibraryCaches(): void {
  subscribe(
    'whetstone:cache',
    guarded((message: unknown) => {
      if (level >= SQL) count(message as CacheEvent)
    }),
  )
}

function count({ cache, kind, coalesced, loadMs, failed }: CacheEvent): void {
  const counts = countsOf(cache)
  if (counts === undefined) return
  changed = true
  switch (kind) {
    case 'hit':
    case 'early':
    case 'stale':
    case 'evicted':
      counts[kind]++
      break
    case 'miss':
      counts.miss++
      if (coalesced) counts.coalesced++
      break
    case 'load':
      counts.loads++
      counts.loadMs += loadMs ?? 0
      if (failed) counts.failedLoads++
  }
}

function countsOf(name: string): Counts | undefined {
  const known = caches.get(name)
  if (known || caches.size >= cachesKept) return known
  const counts = { hit: 0, early: 0, stale: 0, miss: 0, coalesced: 0, loads: 0, failedLoads: 0, loadMs: 0, evicted: 0 }
  caches.set(name, counts)
  return counts
}

/** Since the last reset; undefined when nothing came since the last call. */
export function takeCacheCounters(): CacheCounters[] | undefined {
  if (!changed) return undefined
  changed = false
  return [...caches].map(([name, counts]) => ({ pid: process.pid, name, ...counts }))
}

export function resetCacheCounters(): void {
  caches = new Map()
  changed = false
}
