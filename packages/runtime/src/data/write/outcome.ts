/** What became of each row of an insert that was made in parts. */
import { Fault, isFault } from '../../fault.ts'

export interface InsertReport {
  readonly written: number
  /** Were there already, with `onConflict: 'nothing'`. */
  readonly skipped: number
  /** In the order of the rows; each was tried alone and refused by the database. */
  readonly failed: readonly FailedRow[]
}

export interface FailedRow {
  /** In the list that was given. */
  readonly index: number
  readonly error: Error
}

/** The database or the way to it failed, not a row: nothing after it was tried. */
export class InsertBroken extends Fault {
  constructor(
    cause: unknown,
    /** Until then: these are written, or refused, for good. */
    readonly report: InsertReport,
    /** Rows of the statement that was under way, when nobody can say whether it was committed: first index and how many. */
    readonly unknown: { readonly from: number; readonly count: number },
    /** Rows from here on were not written. */
    readonly unwrittenFrom: number,
  ) {
    const what = cause instanceof Error ? cause.message : String(cause)
    super(
      'FAULT_WRITE_BROKEN',
      `the insert broke off: ${what} (${report.written} rows written, ${unknown.count} perhaps)`,
      {
        retryable: false,
        cause,
      },
    )
  }
}

/** Errors a single row can be the cause of: its data, a constraint, a trigger, its size. All others would meet every row alike. */
export function isOfRow(error: unknown): error is Error {
  const code = sqlState(error)
  return code !== undefined && (/^(?:22|23|44|54|P0)/.test(code) || code === rowLevelSecurity)
}

// Also said of the whole table; then every row is refused, one by one.
const rowLevelSecurity = '42501'

/** True when it is certain that a statement that ended so has written nothing. */
export function wroteNothing(error: unknown): boolean {
  if (isFault(error)) return error.retryable
  const code = sqlState(error)
  // The server said so, and lived on; 57P01 and its like are said by one that dies, perhaps after the commit.
  return code !== undefined && !/^(?:08|57P)/.test(code)
}

function sqlState(error: unknown): string | undefined {
  const code = error instanceof Error ? (error as { code?: unknown }).code : undefined
  return typeof code === 'string' && /^[\dA-Z]{5}$/.test(code) ? code : undefined
}
