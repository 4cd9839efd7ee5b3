/** What stands in front of the slow endpoint: nothing, a cache by hand, a cache of the runtime. */

export type CacheKind = 'none' | 'by hand' | 'runtime'

export interface Rung {
  readonly label: string
  /** As it would be typed. */
  readonly change: string
  readonly cache: CacheKind
}

export const rungs: readonly Rung[] = [
  { label: 'no cache', change: 'every request asks PostgreSQL', cache: 'none' },
  { label: 'Redis by hand', change: 'GET, else ask and SET with a TTL', cache: 'by hand' },
  {
    label: 'runtime',
    change: 'cached({ cache, key, ttlMs, staleWhileRevalidateMs })(report)',
    cache: 'runtime',
  },
]
