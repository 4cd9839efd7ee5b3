/** Real servers for demo, experiments and tests: they start in under a second and leave with the process that started them. */
export { startPostgres } from './postgres/start-postgres.ts'
export type { PostgresOptions, PostgresServer } from './postgres/start-postgres.ts'
export type { CreateDatabaseOptions } from './postgres/databases.ts'
export type { PostgresPackage } from './postgres/package.ts'
