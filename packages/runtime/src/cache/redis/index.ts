/** `@whetstone/runtime/cache/redis`: what processes share of a cache, in the Redis you have, by the client you have. */
export type { IoredisClient, NodeRedisClient, NodeRedisCluster, RedisClient } from './link.ts'
export { redisBus } from './redis-bus.ts'
export type { RedisBusOptions } from './redis-bus.ts'
export { redisLeases } from './redis-leases.ts'
export type { RedisLeasesOptions } from './redis-leases.ts'
export { redisShared } from './redis-shared.ts'
export { redisTier } from './redis-tier.ts'
export type { RedisTierOptions } from './redis-tier.ts'
