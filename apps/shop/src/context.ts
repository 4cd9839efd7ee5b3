/** What every route of the shop is given. */
import type pg from 'pg'
import type { Fixes } from './faults.ts'

export interface ShopContext {
  readonly pool: pg.Pool
  readonly connectionString: string
  readonly fixes: Fixes
}
