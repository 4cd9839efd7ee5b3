/** An order of rows that can be walked from any of them, in both directions. */
import { quoted } from '../identifier.ts'

export interface KeysetColumn {
  /** A column of what is selected. */
  readonly column: string
  readonly descending?: boolean
  /**
   * Where NULL stands; default as PostgreSQL has it: last when ascending, first when descending. `none` promises that there is
   * none (a primary key, a NOT NULL column), and then columns of one direction are compared as one row, which an index answers best.
   */
  readonly nulls?: 'first' | 'last' | 'none'
}

/** A column as it is walked: backwards everything is the other way round. */
export interface Walked {
  readonly sql: string
  readonly descending: boolean
  readonly nulls: 'first' | 'last' | 'none'
}

export function walked(order: readonly KeysetColumn[], backwards: boolean): readonly Walked[] {
  return order.map(({ column, descending = false, nulls = descending ? 'first' : 'last' }) => ({
    sql: `page.${quoted(column)}`,
    descending: descending !== backwards,
    nulls: nulls === 'none' || !backwards ? nulls : nulls === 'first' ? 'last' : 'first',
  }))
}

export function orderBy(columns: readonly Walked[]): string {
  return columns
    .map(({ sql, descending, nulls }) => {
      const isDefault = nulls === 'none' || nulls === (descending ? 'first' : 'last')
      return `${sql}${descending ? ' DESC' : ''}${isDefault ? '' : ` NULLS ${nulls.toUpperCase()}`}`
    })
    .join(', ')
}
