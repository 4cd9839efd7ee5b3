/** A plain pool of node-postgres as the data layer asks for one. */
import type { Pool } from 'pg'
import type { Queryable, Statement } from '../queryable.ts'

export function poolQueryable(pool: Pool): Queryable {
  return {
    query: (statement: string | Statement, values?: readonly unknown[]) =>
      typeof statement === 'string'
        ? pool.query(statement, values as unknown[])
        : pool.query({ ...statement, values: (statement.values ?? values) as unknown[] }),
  }
}
