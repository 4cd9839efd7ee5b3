/** `@whetstone/runtime/cache/postgres`: what processes share of a cache, in the PostgreSQL you have. */
export type { PostgresClient } from './client.ts'
export { postgresBus } from './postgres-bus.ts'
export type { PostgresBusOptions } from './postgres-bus.ts'
export { postgresLeases } from './postgres-leases.ts'
export { postgresShared } from './postgres-shared.ts'
export { postgresTier } from './postgres-tier.ts'
export type { PostgresTierOptions } from './postgres-tier.ts'
export { postgresCacheSql, setUpPostgresCache } from './tables.ts'
