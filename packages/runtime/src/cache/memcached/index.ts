/** `@whetstone/runtime/cache/memcached`: what processes share of a cache, in the memcached you have. It has no bus. */
export type { MemjsClient } from './link.ts'
export { memcachedLeases } from './memcached-leases.ts'
export type { MemcachedLeasesOptions } from './memcached-leases.ts'
export { memcachedTier } from './memcached-tier.ts'
export type { MemcachedTierOptions } from './memcached-tier.ts'
