/** A cache in front of any service, as a filter: read-through, without a word about it where the service is called. */
import type { Filter } from '../../service.ts'
import type { Cache } from './cache.ts'
import type { LoadPolicy } from './load-policy.ts'

export interface CachedOptions<I> extends LoadPolicy {
  readonly cache: Cache
  /** All that the answer depends on; two inputs with one key get one answer. */
  readonly key: (input: I) => string
}

/**
 * ```ts
 * const user = cached({ cache, key: (id: number) => `user:${id}`, ttlMs: 30_000 })(fetchUser)
 * await user(42)
 * ```
 */
export function cached<I, O>({ cache, key, ...policy }: CachedOptions<I>): Filter<I, O> {
  return next => (input, ctx) => cache.getOrLoad(key(input), loading => next(input, loading), policy, ctx)
}
