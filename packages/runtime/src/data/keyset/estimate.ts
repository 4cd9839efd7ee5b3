/** How long a list is, about: the planner's estimate costs a plan, a count costs every row. */
import type { Ctx } from '../../context.ts'
import { checkWhole, mostCounted } from '../bounds.ts'
import type { Queryable } from '../queryable.ts'

export interface EstimateOptions {
  readonly values?: readonly unknown[]
  /** Up to so many rows are counted; 0 (default) is the estimate alone. "More than 1,000" is what most pages want to say. */
  readonly exactUpTo?: number
  readonly ctx?: Ctx | undefined
}

export interface RowEstimate {
  readonly rows: number
  readonly exact: boolean
}

/**
 * Of a whole table this is `pg_class.reltuples` scaled to its present size; with filters it is as good as the statistics (`ANALYZE`).
 * @param select without ORDER BY and LIMIT @throws RangeError for an `exactUpTo` that is no count
 */
export async function estimateRows(db: Queryable, select: string, options: EstimateOptions = {}): Promise<RowEstimate> {
  const { values = [], exactUpTo = 0, ctx } = options
  checkWhole(0, mostCounted, { exactUpTo })
  if (exactUpTo > 0) {
    const counted = await db.query<{ rows: number }>(
      `SELECT count(*)::int AS rows FROM (SELECT FROM (${select}) AS page LIMIT $${values.length + 1}) AS counted`,
      [...values, exactUpTo + 1],
      ctx,
    )
    const { rows } = counted.rows[0]!
    if (rows <= exactUpTo) return { rows, exact: true }
  }
  const explained = await db.query<{ 'QUERY PLAN': readonly [{ Plan: { 'Plan Rows': number } }] }>(
    `EXPLAIN (FORMAT JSON) ${select}`,
    values,
    ctx,
  )
  const [{ Plan: plan }] = explained.rows[0]!['QUERY PLAN']
  // More than was counted, whatever the statistics say.
  return { rows: Math.max(plan['Plan Rows'], exactUpTo + (exactUpTo > 0 ? 1 : 0)), exact: false }
}
