/** How a cache answers by its size, or by how long it keeps what it has: the reads of `before` played through each, beside what both arms then answered. */
import { hitCurve } from '@whetstone/catalogue'
import type { CacheKeys, Evidence, KeyReads } from '@whetstone/model'

/** Either of them, in the order of the curve. */
export type Sweep = { readonly entries: readonly number[] } | { readonly ttlMs: readonly number[] }

export interface SweptCache {
  readonly entries?: number
  readonly ttlMs?: number
  /** Part of the reads that it would answer: once it has met what is asked often, and from an empty one. */
  readonly filled: number
  readonly empty: number
  /** Of all answers, those that were loaded just now included: how old they may be. Where times to live are swept. */
  readonly meanAgeMs?: number
}

export interface MeasuredCache {
  readonly hitFraction: number
  /** At the end; where the server could be asked. */
  readonly entries?: number
}

export interface CacheCurve {
  readonly simulated: readonly SweptCache[]
  readonly measured: { readonly before: MeasuredCache; readonly after: MeasuredCache }
}

/** Undefined where the keys of the reads were not seen. */
export function cacheCurve(
  sweep: Sweep,
  { before, after }: { readonly before: Evidence; readonly after: Evidence },
): CacheCurve | undefined {
  const keys = mostRead(before)
  const again = mostRead(after)
  if (!keys?.reads || !again) return undefined
  return {
    simulated: swept(sweep, keys.reads),
    measured: { before: measured(keys, before), after: measured(again, after) },
  }
}

function swept(sweep: Sweep, reads: KeyReads): readonly SweptCache[] {
  if ('entries' in sweep)
    return hitCurve(reads, sweep.entries, Infinity).map(({ entries, hitFraction, coldHitFraction }) => ({
      entries,
      filled: short(hitFraction),
      empty: short(coldHitFraction),
    }))
  return sweep.ttlMs.flatMap(ttlMs =>
    hitCurve(reads, [Infinity], ttlMs).map(({ hitFraction, coldHitFraction }) => ({
      ttlMs,
      filled: short(hitFraction),
      empty: short(coldHitFraction),
      meanAgeMs: Math.round(meanAgeMs(reads, ttlMs)),
    })),
  )
}

function meanAgeMs({ keys, atMs }: KeyReads, ttlMs: number): number {
  const loadedAtMs = new Map<number, number>()
  let sumMs = 0
  for (const [at, key] of keys.entries()) {
    const nowMs = atMs[at] ?? 0
    const loadedMs = loadedAtMs.get(key)
    if (loadedMs !== undefined && nowMs - loadedMs < ttlMs) sumMs += nowMs - loadedMs
    else loadedAtMs.set(key, nowMs)
  }
  return keys.length > 0 ? sumMs / keys.length : 0
}

const readsOf = ({ hits, misses }: CacheKeys): number => hits + misses

function mostRead({ traces }: Evidence): CacheKeys | undefined {
  return traces?.cache?.keys.toSorted((a, b) => readsOf(b) - readsOf(a))[0]
}

function measured(keys: CacheKeys, { redis }: Evidence): MeasuredCache {
  const entries = redis?.servers[0]?.keys.total
  return { hitFraction: short(keys.hits / readsOf(keys)), ...(entries === undefined ? {} : { entries }) }
}

const short = (fraction: number): number => Number(fraction.toPrecision(3))
