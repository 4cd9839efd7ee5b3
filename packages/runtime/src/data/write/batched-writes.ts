/** Rows written one by one and committed together: a service of a row, over inserts of many. */
import { AsyncResource } from 'node:async_hooks'
import type { Service } from '../../service.ts'
import { type BatchCounts, Collector } from '../../batch/collector.ts'
import { Fault } from '../../fault.ts'
import { checkWhole, checkWithin } from '../bounds.ts'
import type { ClientSource } from '../client-source.ts'
import type { Queryable } from '../queryable.ts'
import { insertMany } from './insert-many.ts'
import type { InsertRow, InsertTarget } from './insert-statement.ts'
import { InsertBroken } from './outcome.ts'

export interface BatchedWritesOptions {
  /** Rows of one insert, 1 to 100,000. Default 1,000. */
  readonly max?: number
  /** As of `batched`: the tick, or up to `maxMs` (1 to 1,000) for as long as waiting is seen to bring rows together. Default `tick`. */
  readonly window?: 'tick' | { readonly maxMs: number }
  /** Rows that may wait; beyond, calls fail with `FAULT_BATCH_FULL`, which may be repeated. Default 10,000. */
  readonly maxQueued?: number
  /** From so many rows of an insert on COPY. Default 10,000; `Infinity` never. */
  readonly copyFrom?: number
}

export interface BatchedWrites<Row> extends Service<Row, void> {
  /** Totals since it was made: `loads` are inserts, `keys` rows. */
  stats(): Readonly<BatchCounts>
}

const mostRows = 100_000
const longestMs = 1_000

/**
 * Resolves when the row is committed and rejects with the error of this row; rows beside it are not touched by it. Inserts go one
 * after the other, so while one is under way the next grows. A row whose caller leaves before its insert began is not written;
 * afterwards it is, and the caller does not hear of it. Rows of all requests are together; what must be one transaction is no batch.
 * @throws what the database says of the row; Fault `FAULT_WRITE_BROKEN`, retryable only where the row was certainly not written;
 * `FAULT_BATCH_FULL`, `FAULT_CANCELLED`, `FAULT_DEADLINE`; when it is made, RangeError for a bound out of its range
 */
export function batchedWrites<Row extends InsertRow>(
  db: Queryable & Partial<ClientSource>,
  target: InsertTarget,
  options: BatchedWritesOptions = {},
): BatchedWrites<Row> {
  const { max = 1_000, window = 'tick', maxQueued = 10_000, copyFrom = 10_000 } = options
  checkWhole(1, mostRows, { max })
  checkWhole(1, Infinity, { maxQueued, copyFrom })
  if (window !== 'tick') checkWithin(1, longestMs, { 'window.maxMs': window.maxMs })
  const longestWindowMs = window === 'tick' ? 0 : window.maxMs
  const counted: BatchCounts = { loads: 0, keys: 0, failedLoads: 0 }
  const outside = new AsyncResource('whetstone.batchedWrites')
  let rows = 0
  const collector = new Collector<Row>({
    name: `writes of ${String(target.table)}`,
    // No row is another, however alike.
    identify: () => rows++,
    // What was begun is finished: nobody could say how far a cancelled write got.
    load: given =>
      answersOf(given.length, () => insertMany(db, target, given, { rows: 'each', chunkRows: max, copyFrom })),
    run: work => outside.runInAsyncScope(work),
    ...{ max, maxQueued, longestWindowMs, counted, concurrency: 1 },
  })
  const write: Service<Row, void> = (row, ctx) => collector.add(row, ctx) as Promise<void>
  return Object.assign(write, { stats: () => ({ ...counted }) })
}

async function answersOf(
  count: number,
  insert: () => ReturnType<typeof insertMany>,
): Promise<readonly (Error | undefined)[]> {
  const answers: (Error | undefined)[] = Array.from({ length: count }, () => undefined)
  try {
    for (const { index, error } of (await insert()).failed) answers[index] = error
  } catch (error) {
    if (!(error instanceof InsertBroken)) throw error
    for (const failed of error.report.failed) answers[failed.index] = failed.error
    answers.fill(error, error.unknown.from)
    answers.fill(unwritten(error), error.unwrittenFrom)
  }
  return answers
}

function unwritten({ cause, message }: InsertBroken): Fault {
  return new Fault('FAULT_WRITE_BROKEN', `not written: ${message}`, { retryable: true, cause })
}
