/** Pages that begin where the last one ended: as fast at depth one million as at the start, and nothing shown twice while rows are written. */
import type { QueryResultRow } from 'pg'
import type { Ctx } from '../../context.ts'
import { Fault } from '../../fault.ts'
import { checkWhole } from '../bounds.ts'
import { textOf } from '../bulk/text-value.ts'
import { quoted } from '../identifier.ts'
import type { Queryable } from '../queryable.ts'
import { type Position, readCursor, writeCursor } from './cursor.ts'
import { type KeysetColumn, orderBy, type Walked, walked } from './order.ts'
import { rangesAfter } from './ranges.ts'

export interface KeysetOptions {
  /** A SELECT with its filters, without ORDER BY and LIMIT. Parameters are `$1` and so on. */
  readonly select: string
  /** Columns of the SELECT. Together they must tell every row from every other: end with the primary key. */
  readonly order: readonly KeysetColumn[]
  /** Secrets, each of 16 characters or more. The first signs, all verify: a new one goes in front, an old one leaves when its cursors are gone. */
  readonly keys: readonly string[]
  /** Rows of a page when the caller does not say. Default 50, or `maxSize` where that is less. */
  readonly size?: number
  /** Rows of a page at most. Default 1,000. */
  readonly maxSize?: number
}

export interface PageRequest {
  /** Of the parameters of the SELECT; a cursor is good for the same values only. */
  readonly values?: readonly unknown[] | undefined
  /** The `next` of the page before. */
  readonly after?: string | undefined
  /** The `previous` of the page after. */
  readonly before?: string | undefined
  readonly size?: number | undefined
  readonly ctx?: Ctx | undefined
}

export interface Page<Row> {
  /** In the order of the list, also backwards. */
  readonly rows: readonly Row[]
  /** There were more in the direction walked, when the page was read. */
  readonly hasMore: boolean
  /** For `after`; undefined at the end of the list. */
  readonly next: string | undefined
  /** For `before`; undefined at its start. */
  readonly previous: string | undefined
}

const shortestKey = 16
const positionColumn = '__position'

/**
 * ```ts
 * const orders = keyset<Order>({ select: 'SELECT id, placed_at, total FROM orders WHERE customer = $1', keys: [secret],
 *   order: [{ column: 'placed_at', descending: true, nulls: 'none' }, { column: 'id', descending: true, nulls: 'none' }] })
 * const { rows, next } = await orders(pool, { values: [customer], after: query.after })
 * ```
 * Wants an index on the filter columns of equality, then the order columns with their directions.
 * @throws RangeError for options and sizes out of range; Fault `FAULT_CURSOR`; `FAULT_KEYSET_NULL` for a NULL where `none` was promised
 */
export function keyset<Row extends QueryResultRow = QueryResultRow>(
  options: KeysetOptions,
): (db: Queryable, request?: PageRequest) => Promise<Page<Row>> {
  const { select, order, keys, maxSize = 1_000, size: usualSize = Math.min(50, maxSize) } = options
  checkWhole(1, Infinity, { maxSize })
  checkWhole(1, maxSize, { size: usualSize })
  if (order.length === 0) throw new RangeError('a keyset needs a column of order')
  if (keys.length === 0 || keys.some(key => key.length < shortestKey))
    throw new RangeError(`keyset cursors are signed: give keys of ${shortestKey} characters or more`)
  return async (db, request = {}) => {
    const { values = [], after, before, size = usualSize, ctx } = request
    if (!(Number.isInteger(size) && size >= 1 && size <= maxSize))
      throw new RangeError(`a page has 1 to ${maxSize} rows, not ${size}`)
    if (after !== undefined && before !== undefined)
      throw new RangeError('a page is after or before a cursor, not both')
    const list = JSON.stringify([select, order, values.map(value => textOf(value))])
    const cursor = after ?? before
    const position = cursor === undefined ? undefined : readCursor(cursor, list, keys, order.length)
    const backwards = before !== undefined
    const statement = pageStatement(select, values, walked(order, backwards), position, size + 1)
    const { rows: found } = await db.query<Row & { [positionColumn]?: Position }>(statement.text, statement.values, ctx)
    const hasMore = found.length > size
    const rows = found.slice(0, size)
    if (backwards) rows.reverse()
    const cursorOf = (row: (typeof rows)[number] | undefined) =>
      row && writeCursor(checked(row[positionColumn]!, order), list, keys)
    const page = {
      hasMore,
      next: backwards || hasMore ? cursorOf(rows.at(-1)) : undefined,
      previous: (backwards ? hasMore : cursor !== undefined) ? cursorOf(rows[0]) : undefined,
    }
    for (const row of rows) delete row[positionColumn]
    return { rows, ...page }
  }
}

/** A range each is cut to the page's size, so that no more than a page of each is read, however many rows are equal in the first columns. */
export function pageStatement(
  select: string,
  values: readonly unknown[],
  columns: readonly Walked[],
  position: Position | undefined,
  limit: number,
): { readonly text: string; readonly values: readonly unknown[] } {
  const all = [...values]
  const parameter = (value: unknown) => `$${all.push(value)}`
  const ranges = position === undefined ? ['true'] : rangesAfter(columns, position, parameter)
  const rows = parameter(limit)
  const sorted = `ORDER BY ${orderBy(columns)} LIMIT ${rows}`
  const positions = `ARRAY[${columns.map(({ sql }) => `${sql}::text`).join(', ')}] AS ${quoted(positionColumn)}`
  const parts = (ranges.length === 0 ? ['false'] : ranges).map(
    range => `SELECT * FROM (${select}) AS page WHERE ${range} ${sorted}`,
  )
  const from = parts.length === 1 ? parts[0]! : parts.map(part => `(${part})`).join(' UNION ALL ')
  return { text: `SELECT page.*, ${positions} FROM (${from}) AS page ${sorted}`, values: all }
}

function checked(position: Position, order: readonly KeysetColumn[]): Position {
  const at = position.findIndex((value, column) => value === null && order[column]!.nulls === 'none')
  if (at === -1) return position
  throw new Fault(
    'FAULT_KEYSET_NULL',
    `${order[at]!.column} is NULL in a row, and nulls: 'none' promised it never is`,
    {
      retryable: false,
      hint: "say where NULL stands: nulls: 'first' or 'last'",
    },
  )
}
