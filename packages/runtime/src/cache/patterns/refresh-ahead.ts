/** Refresh-ahead: what is read often is loaded anew before its end, so that no reader ever waits for it; what nobody reads any more ends. */
import type { Ctx } from '../../context.ts'
import type { Filter } from '../../service.ts'
import type { Cache } from '../core/cache.ts'
import type { LoadPolicy } from '../core/load-policy.ts'

export interface RefreshAheadOptions<I> extends LoadPolicy {
  readonly cache: Cache
  /** All that the answer depends on. */
  readonly key: (input: I) => string
  /** The last part of an answer's life, in which it is loaded anew. Above 0 to 1, default 0.2. */
  readonly aheadFraction?: number
  /** Reads since its last load that make a key worth it. Default 2. */
  readonly minReads?: number
  /** Keys watched; the one read longest ago makes room. Default 1,000. */
  readonly maxKeys?: number
  /** Loads at a time. Default 4. */
  readonly maxLoads?: number
  /** 0 to 1, for the jitter: keys that end together are not loaded together. Default `Math.random`. */
  readonly random?: () => number
}

interface Watched<I> {
  readonly input: I
  reads: number
  /** Of the part of its life in which it is due; drawn anew for each life. */
  draw: number
}

/** Looked at so many times in the part of life that counts. */
const looksAhead = 4
const shortestLookMs = 10

/**
 * As `cached`, and its hot keys are loaded ahead of their end. The timer runs only while something is watched, and keeps no process alive.
 *
 * ```ts
 * const prices = refreshAhead({ cache, key: (market: string) => `prices:${market}`, ttlMs: 10_000 })(fetchPrices)
 * ```
 */
export function refreshAhead<I, O>(options: RefreshAheadOptions<I>): Filter<I, O> {
  const { cache, key: keyOf, aheadFraction = 0.2, minReads = 2, maxKeys = 1_000, maxLoads = 4, ...more } = options
  const { random = Math.random, ...policy } = more
  if (!(aheadFraction > 0 && aheadFraction <= 1))
    throw new RangeError(`aheadFraction of a cache must be above 0 and at most 1, not ${aheadFraction}`)
  for (const [name, bound] of Object.entries({ minReads, maxKeys, maxLoads }))
    if (!(bound >= 1)) throw new RangeError(`${name} of a cache must be at least 1, not ${bound}`)
  const aheadMs = (policy.ttlMs ?? 60_000) * aheadFraction
  return next => {
    const watched = new Map<string, Watched<I>>()
    let timer: NodeJS.Timeout | undefined
    let loads = 0

    const look = (): void => {
      timer = undefined
      let room = maxLoads - loads
      for (const [key, watch] of watched) {
        const state = cache.explain(key)
        if (state.loading !== undefined) continue
        const leftMs = 'freshForMs' in state ? state.freshForMs : 0
        // Over, forgotten, or hardly read since its last load: unless it is read again nobody watches it.
        if (leftMs <= 0 || (leftMs <= aheadMs * watch.draw && watch.reads < minReads)) watched.delete(key)
        else if (leftMs <= aheadMs * watch.draw && room-- > 0) renew(key, watch)
      }
      arm()
    }
    const renew = (key: string, watch: Watched<I>): void => {
      watch.reads = 0
      watch.draw = 0.5 + random() / 2
      const load = async (ctx: Ctx): Promise<O> => {
        loads++
        try {
          return await next(watch.input, ctx)
        } finally {
          loads--
        }
      }
      cache.refresh(key, load, policy)
    }
    const arm = (): void => {
      if (watched.size > 0) timer ??= setTimeout(look, Math.max(shortestLookMs, (aheadMs * 0.5) / looksAhead)).unref()
    }
    const note = (key: string, input: I): void => {
      const watch = watched.get(key) ?? { input, reads: 0, draw: 0.5 + random() / 2 }
      watch.reads++
      watched.delete(key)
      watched.set(key, watch)
      if (watched.size > maxKeys) watched.delete(watched.keys().next().value!)
      arm()
    }

    return (input, ctx) => {
      const key = keyOf(input)
      note(key, input)
      return cache.getOrLoad(key, loading => next(input, loading), policy, ctx)
    }
  }
}
