/** Keys drawn from a PostgreSQL table over its whole range, cheaply also on a table of a hundred million rows. */
import type { Random } from '@whetstone/stats'
import type { ClientBase } from 'pg'
import type { SampleKeys } from './key-sources.ts'

/** A table of at most so many pages (8 MB) is read whole. */
const SMALL_TABLE_PAGES = 1000

interface Column {
  readonly table: string
  readonly column: string
  /** Whether an index leads with the column, so that a point is found without a scan. */
  readonly indexed: boolean
  readonly whole: boolean
  readonly pages: number
}

/** Only reads, one statement each. A statement that fails (a missing right, a timeout) counts as "not here". */
export function postgresKeys(database: ClientBase, random: Random): SampleKeys {
  return async (table, column, count) => {
    try {
      const found = await findColumn(database, table, column)
      if (found === undefined) return undefined
      const rows =
        found.whole && found.indexed
          ? await drawPoints(database, found, count, random)
          : await drawPages(database, found, count)
      return [...new Set(rows)]
    } catch {
      return undefined
    }
  }
}

async function findColumn(
  database: ClientBase,
  table: string,
  column: string | undefined,
): Promise<Column | undefined> {
  // The spelling of a column may differ from the route's: `orderNumber` is `order_number` in most tables.
  const { rows } = await database.query<Column>(
    `SELECT format('%I.%I', n.nspname, c.relname) AS "table", format('%I', a.attname) AS "column",
            a.atttypid IN ('int2'::regtype, 'int4'::regtype, 'int8'::regtype) AS whole,
            coalesce(pg_relation_size(c.oid) / 8192, 0)::int AS pages,
            EXISTS (SELECT FROM pg_index i WHERE i.indrelid = c.oid AND i.indkey[0] = a.attnum AND i.indpred IS NULL AND i.indisvalid) AS indexed
       FROM pg_class c
       JOIN pg_namespace n ON n.oid = c.relnamespace
       JOIN pg_attribute a ON a.attrelid = c.oid AND a.attnum > 0 AND NOT a.attisdropped
       LEFT JOIN pg_index k ON k.indrelid = c.oid AND k.indisprimary AND k.indnatts = 1 AND k.indkey[0] = a.attnum
      WHERE lower(c.relname) = $1 AND c.relkind IN ('r', 'p', 'm') AND n.nspname NOT IN ('pg_catalog', 'information_schema')
        AND CASE WHEN $2::text IS NULL THEN k.indexrelid IS NOT NULL
                 ELSE replace(lower(a.attname), '_', '') = replace(lower($2), '_', '') END
      ORDER BY pg_table_is_visible(c.oid) DESC, c.reltuples DESC
      LIMIT 1`,
    [table.toLowerCase(), column ?? null],
  )
  return rows[0]
}

/** Random points between smallest and largest, each the nearest key above it: an index probe a key, gaps or not. */
async function drawPoints(
  database: ClientBase,
  { table, column }: Column,
  count: number,
  random: Random,
): Promise<string[]> {
  const ends = (
    await database.query<{ low: string | null; high: string | null }>(
      `SELECT min(${column})::text AS low, max(${column})::text AS high FROM ${table}`,
    )
  ).rows[0]
  if (!ends?.low || !ends.high) return []
  const low = BigInt(ends.low)
  const span = BigInt(ends.high) - low + 1n
  const points = Array.from({ length: count }, () => String(low + scale(span, random())))
  const { rows } = await database.query<{ key: string }>(
    `SELECT key::text AS key FROM unnest($1::bigint[]) AS drawn(point)
      CROSS JOIN LATERAL (SELECT ${column} AS key FROM ${table} WHERE ${column} >= drawn.point ORDER BY ${column} LIMIT 1) AS nearest`,
    [points],
  )
  return rows.map(({ key }) => key)
}

/** Keys without an order to draw from (UUIDs, slugs): rows of random pages, mixed by a hash so that the same data gives the same keys. */
async function drawPages(database: ClientBase, { table, column, pages }: Column, count: number): Promise<string[]> {
  const sample =
    pages <= SMALL_TABLE_PAGES
      ? ''
      : `TABLESAMPLE SYSTEM (${Math.min(100, Math.max(0.01, (count * 100) / pages))}) REPEATABLE (1)`
  const { rows } = await database.query<{ key: string }>(
    `SELECT ${column}::text AS key FROM ${table} ${sample} WHERE ${column} IS NOT NULL ORDER BY md5(${column}::text) LIMIT $1`,
    [count],
  )
  return rows.map(({ key }) => key)
}

/** `fraction` of `span`, also where the span has more digits than a double. */
function scale(span: bigint, fraction: number): bigint {
  return (span * BigInt(Math.floor(fraction * 2 ** 53))) / 2n ** 53n
}
