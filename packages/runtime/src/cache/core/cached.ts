/** A cache in front of any service, as a filter: read-through, without a word about it where the service is called. */
import type { Filter } from '../../service.ts'
import { Cache } from './cache.ts'
import { type Duration, msOf } from './duration.ts'
import type { LoadPolicy } from './load-policy.ts'

export interface CachedOptions<I> extends LoadPolicy {
  /** Default one of its own, in memory, where nothing can be invalidated. */
  readonly cache?: Cache
  /** All that the answer depends on; two inputs with one key get one answer. */
  readonly key: (input: I) => string
  /** `ttlMs`, as people say it. */
  readonly ttl?: Duration
  /** `staleWhileRevalidateMs`, as people say it. */
  readonly swr?: Duration
}

/**
 * ```ts
 * const user = cached({ key: (id: number) => `user:${id}`, ttl: '30s', swr: '5m' })(fetchUser)
 * await user(42)
 * ```
 * @throws RangeError for a duration that is none
 */
export function cached<I, O>({ cache = new Cache(), key, ttl, swr, ...more }: CachedOptions<I>): Filter<I, O> {
  const policy: LoadPolicy = {
    ...more,
    ...(ttl && { ttlMs: msOf(ttl) }),
    ...(swr && { staleWhileRevalidateMs: msOf(swr) }),
  }
  return next => (input, ctx) => cache.getOrLoad(key(input), loading => next(input, loading), policy, ctx)
}
