/** How large a B-tree is when it is new, from the widths of its columns. */
import type { PgTable } from '@whetstone/model'
import { columnOf } from './columns.ts'

/** Bytes of an entry beside its keys: eight for the tuple, four for the pointer to it. */
const ENTRY_BYTES = 12
/** What a page of 8 kB has for entries when it is filled to 90 %, as a new index is. */
const PAGE_SHARE = 0.88

/** Undefined where a width is unknown. Equal keys share an entry since PostgreSQL 13: the result is then too high, never too low. */
export function btreeBytes(entries: number, columns: readonly string[], table: PgTable): number | undefined {
  const widths = columns.map(name => columnOf(table, name)?.averageWidthBytes)
  if (widths.some(width => width === undefined)) return undefined
  const keyBytes = widths.reduce<number>((sum, width) => sum + (width ?? 0), 0)
  return (entries * (ENTRY_BYTES + Math.ceil(keyBytes / 8) * 8)) / PAGE_SHARE
}
