/** Many rows in few statements: all or none, or every row that can be written, with those that cannot named. */
import type { Ctx } from '../../context.ts'
import { checkWhole, mostCounted } from '../bounds.ts'
import { copyRowsIn } from '../bulk/copy-in.ts'
import { type ClientSource, sourceFor } from '../client-source.ts'
import type { Queryable } from '../queryable.ts'
import { type InsertPlan, insertPlan, type InsertRow, type InsertTarget, mostParameters } from './insert-statement.ts'
import { type FailedRow, InsertBroken, type InsertReport, isOfRow, wroteNothing } from './outcome.ts'

export interface InsertOptions {
  /**
   * `all` (default): one statement; a row that is refused takes all along, as its error. `each`: every row that the database takes
   * is written; a part that is refused is halved until the row is found, which costs two statements for each halving.
   */
  readonly rows?: 'all' | 'each'
  /** With `each`, rows of a statement, from 1. Default 1,000. */
  readonly chunkRows?: number
  /** From so many rows of a statement on COPY, if `db` lends connections and nothing may conflict. Default 10,000; `Infinity` never. */
  readonly copyFrom?: number
  /**
   * `db` is a connection in a transaction: with `each`, parts are kept apart by savepoints, and all is written when you commit.
   * Otherwise each statement is a transaction: what the report calls written is committed, also when a later part breaks off.
   */
  readonly inTransaction?: boolean
  readonly ctx?: Ctx | undefined
}

/**
 * ```ts
 * const { written, failed } = await insertMany(pool, { table: 'events', columns: { id: 'bigint', payload: 'jsonb' } }, events, { rows: 'each' })
 * ```
 * @throws RangeError for a bound out of its range; with `all` what the server says, and RangeError for more rows than a statement
 * of VALUES holds; with `each` an `InsertBroken` (`FAULT_WRITE_BROKEN`) when it is not a row that failed
 */
export async function insertMany(
  db: Queryable & Partial<ClientSource>,
  target: InsertTarget,
  rows: readonly InsertRow[],
  options: InsertOptions = {},
): Promise<InsertReport> {
  const { chunkRows = 1_000, copyFrom = 10_000, inTransaction = false, ctx } = options
  checkWhole(1, mostCounted, { chunkRows })
  checkWhole(1, Infinity, { copyFrom })
  const plan = insertPlan(target)
  const mayCopy = db.connect !== undefined && target.onConflict === undefined && !inTransaction
  const source = mayCopy && rows.length >= copyFrom ? sourceFor(db as ClientSource, insertMany) : undefined
  const write = async (part: readonly InsertRow[]): Promise<number> => {
    if (source !== undefined && part.length >= copyFrom) return await copied(source, target, plan, part, ctx)
    const { text, values } = plan.statement(part)
    return (await db.query(text, values, ctx)).rowCount ?? 0
  }
  if (options.rows !== 'each') {
    if (rows.length > plan.mostRows && source === undefined)
      throw new RangeError(
        `${rows.length} rows of ${plan.names.length} values are more than ${mostParameters} parameters: give the types of the columns`,
      )
    const written = rows.length === 0 ? 0 : await write(rows)
    return { written, skipped: rows.length - written, failed: [] }
  }
  const size = source !== undefined ? copyFrom : Math.min(chunkRows, plan.mostRows)
  return await writeEach(rows, Math.max(1, size), inTransaction ? guarded(db, write, ctx) : write)
}

type Write = (part: readonly InsertRow[]) => Promise<number>

function copied(
  source: ClientSource,
  { table }: InsertTarget,
  { names, types }: InsertPlan,
  rows: readonly InsertRow[],
  ctx: Ctx | undefined,
) {
  function* lists() {
    for (const row of rows) yield names.map(name => row[name])
  }
  const columns = types.includes(undefined) ? names : Object.fromEntries(names.map((name, at) => [name, types[at]!]))
  return copyRowsIn(source, { table, columns }, lists(), ctx ? { ctx } : {})
}

/** A statement that fails in a transaction breaks all of it, save what is behind a savepoint. */
function guarded(db: Queryable, write: Write, ctx: Ctx | undefined): Write {
  return async part => {
    await db.query('SAVEPOINT whetstone_insert', undefined, ctx)
    try {
      const written = await write(part)
      await db.query('RELEASE SAVEPOINT whetstone_insert', undefined, ctx)
      return written
    } catch (error) {
      if (isOfRow(error))
        await db.query('ROLLBACK TO SAVEPOINT whetstone_insert; RELEASE SAVEPOINT whetstone_insert', undefined, ctx)
      throw error
    }
  }
}

async function writeEach(rows: readonly InsertRow[], chunkRows: number, write: Write): Promise<InsertReport> {
  const failed: FailedRow[] = []
  let [written, done] = [0, 0]
  // Parts still to be written, the next one last: halves go back in their order.
  const parts: { from: number; to: number }[] = []
  for (let from = 0; from < rows.length; from += chunkRows)
    parts.push({ from, to: Math.min(from + chunkRows, rows.length) })
  parts.reverse()
  for (let part = parts.pop(); part !== undefined; part = parts.pop()) {
    const { from, to } = part
    try {
      written += await write(rows.slice(from, to))
      done = to
    } catch (error) {
      if (!isOfRow(error)) {
        const unknown = wroteNothing(error) ? 0 : to - from
        throw new InsertBroken(error, reportOf(written, done, failed), { from, count: unknown }, from + unknown)
      }
      if (to - from === 1) {
        failed.push({ index: from, error })
        done = to
      } else {
        const middle = (from + to) >>> 1
        parts.push({ from: middle, to }, { from, to: middle })
      }
    }
  }
  return reportOf(written, done, failed)
}

function reportOf(written: number, done: number, failed: readonly FailedRow[]): InsertReport {
  return { written, skipped: done - failed.length - written, failed }
}
