/** The shop's connection pool. */
import pg from 'pg'
import type { Fixes } from './faults.ts'

export function createPool(connectionString: string, fixes: Fixes): pg.Pool {
  const limits = { idleTimeoutMillis: 30_000, connectionTimeoutMillis: 5_000, statement_timeout: 10_000 }
  if (fixes.has('pool-size')) return new pg.Pool({ connectionString, max: 10, ...limits })
  return new pg.Pool({ connectionString, max: 1, ...limits }) // fault: pool-size
}
