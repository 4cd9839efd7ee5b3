/** Everything that caches of several processes have in common, in one PostgreSQL. */
import type { PostgresClient } from './client.ts'
import { postgresBus, type PostgresBusOptions } from './postgres-bus.ts'
import { postgresLeases } from './postgres-leases.ts'
import { postgresTier, type PostgresTierOptions } from './postgres-tier.ts'

/**
 * Tier, leases and bus in one set of tables; two connections of the pool are kept for listening.
 *
 * ```ts
 * await setUpPostgresCache(pool)
 * const cache = new Cache({ shared: postgresShared(pool) })
 * ```
 */
export function postgresShared(client: PostgresClient, options: PostgresTierOptions & PostgresBusOptions = {}) {
  return {
    tier: postgresTier(client, options),
    leases: postgresLeases(client, options),
    bus: postgresBus(client, options),
  }
}
