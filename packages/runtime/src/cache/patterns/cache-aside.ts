/** Cache-aside: the caller asks the cache, and the origin behind it; who writes, writes the origin and then declares the key untrue. */
import type { Ctx } from '../../context.ts'
import type { Cache } from '../core/cache.ts'
import type { LoadPolicy } from '../core/load-policy.ts'

export interface CacheAsideOptions<I, O> extends LoadPolicy {
  readonly cache: Cache
  /** All that the answer depends on. */
  readonly key: (input: I) => string
  readonly load: (input: I, ctx: Ctx) => Promise<O>
}

export interface CacheAside<I, O> {
  read(input: I, ctx?: Ctx): Promise<O>
  /**
   * Runs `write`, then has every process forget the answer, also when `write` throws: a write that timed out may have happened. Whatever was
   * being read meanwhile is kept by nobody. A process that dies between the two leaves the old answer until its time is over.
   * @returns what `write` returns, once the others have been told
   */
  change<T>(input: I, write: () => Promise<T>): Promise<T>
}

export function cacheAside<I, O>({ cache, key, load, ...policy }: CacheAsideOptions<I, O>): CacheAside<I, O> {
  return {
    read: (input, ctx) => cache.getOrLoad(key(input), loading => load(input, loading), policy, ctx),
    async change(input, write) {
      try {
        return await write()
      } finally {
        await cache.invalidate(key(input))
      }
    },
  }
}
