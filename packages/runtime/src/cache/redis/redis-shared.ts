/** Everything that caches of several processes have in common, in one Redis. */
import type { RedisClient } from './link.ts'
import { redisBus, type RedisBusOptions } from './redis-bus.ts'
import { redisLeases } from './redis-leases.ts'
import { redisTier, type RedisTierOptions } from './redis-tier.ts'

/**
 * Tier, leases and bus with one prefix. Caches that share answers say the same prefix, all others another.
 *
 * ```ts
 * const cache = new Cache({ shared: redisShared(new Redis(process.env.REDIS_URL)) })
 * ```
 */
export function redisShared(client: RedisClient, options: RedisTierOptions & RedisBusOptions = {}) {
  return { tier: redisTier(client, options), leases: redisLeases(client, options), bus: redisBus(client, options) }
}
