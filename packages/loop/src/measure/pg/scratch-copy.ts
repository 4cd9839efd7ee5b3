/** Copies the tables that matter into a scratch database over the wire, so that an index can be built and timed where nobody works. Every statement it sends to the user's server is short. */
import { Transform } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import type { Client } from 'pg'
import { escapeIdentifier, escapeLiteral } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import type { PgEvidence, PgTable } from '@whetstone/model'
import {
  firstPiecePages,
  leastPiecePages,
  nextPiecePages,
  type PageRange,
  pagesIn,
  type PieceSource,
  rangesOf,
  selectPiece,
  takePiece,
} from './table-pieces.ts'

export interface CopyOptions {
  /** For all tables together; of larger ones a sample is copied. */
  readonly maxBytes: number
  /** For all tables together; what is not copied by then is left out. */
  readonly budgetMs: number
}

/** Share of the rows that was copied, 1 for all. */
export interface Copied {
  readonly fraction: number
  readonly failed: readonly string[]
}

export async function copyTables(
  from: Client,
  to: Client,
  pg: PgEvidence,
  tables: readonly PgTable[],
  options: CopyOptions & { readonly signal: AbortSignal },
): Promise<Copied> {
  const failed: string[] = []
  const attempt = async (what: string, work: () => Promise<unknown>): Promise<boolean> => {
    try {
      await work()
      return true
    } catch (error) {
      failed.push(`${what}: ${(error as Error).message}`)
      return false
    }
  }
  for (const extension of pg.extensions)
    await to.query(`CREATE EXTENSION IF NOT EXISTS ${escapeIdentifier(extension)}`).catch(() => {})
  await attempt('enum types', () => copyEnums(from, to))
  const endsAt = performance.now() + options.budgetMs
  const sizes = new Map<PgTable, TableSize>()
  for (const table of tables) await attempt(qualified(table), async () => sizes.set(table, await sizeOf(from, table)))
  const totalBytes = bytesOf(sizes.values())
  const allowed = Math.min(1, options.maxBytes / Math.max(1, totalBytes))
  let leftBytes = totalBytes
  let copiedBytes = 0
  for (const [table, size] of sizes) {
    options.signal.throwIfAborted()
    const name = qualified(table)
    // A share of the time by size: a slow link then thins every table alike, and none is missing from the join.
    const tableMs = (Math.max(0, endsAt - performance.now()) * size.bytes) / Math.max(1, leftBytes)
    leftBytes -= size.bytes
    const copied = await attempt(name, async () => {
      await to.query(`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(table.schema)}; ${createTable(table)}`)
      const fraction = await copyRows(from, to, table, {
        size,
        serverVersion: pg.serverVersion,
        fraction: allowed,
        maxBytes: allowed * size.bytes * textGrowth,
        endsAt: performance.now() + tableMs,
        signal: options.signal,
      })
      copiedBytes += fraction * size.bytes
    })
    if (!copied) continue
    for (const index of pg.indexes.filter(one => one.schema === table.schema && one.table === table.name && one.valid))
      await attempt(index.name, () => to.query(index.definition.replace(' ON ONLY ', ' ON ')))
    const primary = pg.indexes.find(one => one.primary && one.schema === table.schema && one.table === table.name)
    // Only a constraint lets a query group by the key and select the rest.
    if (primary)
      await attempt(primary.name, () =>
        to.query(`ALTER TABLE ${name} ADD PRIMARY KEY USING INDEX ${escapeIdentifier(primary.name)}`),
      )
    await attempt(`statistics of ${name}`, () => copyExtendedStatistics(from, to, table, pg.serverVersion))
    // VACUUM as well: index-only scans need the visibility map, which a table in use has.
    await attempt(name, () => to.query(`VACUUM (ANALYZE) ${name}`))
  }
  return { fraction: totalBytes === 0 ? 1 : copiedBytes / totalBytes, failed }
}

/** Rows as text may be larger than on the disk, where long values are compressed; many times larger ends the table's copy. */
const textGrowth = 4

interface TableSize {
  /** Of the largest part, where the table has parts. */
  readonly pages: number
  /** All parts, with their long values, without indexes. */
  readonly bytes: number
  readonly blockBytes: number
}

/** Asked of the server itself: the catalogue of a partitioned table says 0. */
async function sizeOf(from: Client, table: PgTable): Promise<TableSize> {
  const { rows } = await from.query<TableSize>(
    `with recursive family(oid) as (
       select $1::regclass::oid union select inhrelid from pg_inherits join family on inhparent = family.oid)
     select ceil(coalesce(max(pg_relation_size(oid)), 0) / current_setting('block_size')::float8)::float8 as pages,
       coalesce(sum(pg_table_size(oid)), 0)::float8 as bytes, current_setting('block_size')::float8 as "blockBytes" from family`,
    [qualified(table)],
  )
  return rows[0]!
}

function bytesOf(sizes: Iterable<TableSize>): number {
  return [...sizes].reduce((sum, size) => sum + size.bytes, 0)
}

export const qualified = ({ schema, name }: Pick<PgTable, 'schema' | 'name'>): string =>
  `${escapeIdentifier(schema)}.${escapeIdentifier(name)}`

function createTable(table: PgTable): string {
  const columns = table.columns.map(
    ({ name, type, notNull }) => `${escapeIdentifier(name)} ${type}${notNull ? ' NOT NULL' : ''}`,
  )
  return `CREATE TABLE ${qualified(table)} (${columns.join(', ')})`
}

async function copyEnums(from: Client, to: Client): Promise<void> {
  const { rows } = await from.query<{ schema: string; name: string; labels: string[] }>(
    `select n.nspname as schema, t.typname as name, array_agg(e.enumlabel::text order by e.enumsortorder) as labels
     from pg_enum e join pg_type t on t.oid = e.enumtypid join pg_namespace n on n.oid = t.typnamespace group by 1, 2 limit 1000`,
  )
  for (const type of rows) {
    await to.query(`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(type.schema)}`)
    await to.query(`CREATE TYPE ${qualified(type)} AS ENUM (${type.labels.map(escapeLiteral).join(', ')})`)
  }
}

/** `pg_get_statisticsobjdef_columns` exists since this version; before it statistics were on plain columns only. */
const statisticsOnExpressionsSince = 140_000

/** What the user told the planner about columns that go together: without it the copy would be planned worse than the original. */
async function copyExtendedStatistics(from: Client, to: Client, table: PgTable, serverVersion: number): Promise<void> {
  const columns =
    serverVersion >= statisticsOnExpressionsSince
      ? 'pg_get_statisticsobjdef_columns(s.oid)'
      : `(select string_agg(quote_ident(a.attname), ', ') from pg_attribute a
          where a.attrelid = s.stxrelid and a.attnum = any (s.stxkeys::int2[]))`
  const { rows } = await from.query<{ kinds: string[]; columns: string | null }>(
    `select array(select case k when 'd' then 'ndistinct' when 'f' then 'dependencies' when 'm' then 'mcv' end
       from unnest(s.stxkind) k where k in ('d', 'f', 'm'))::text[] as kinds, ${columns} as columns
     from pg_statistic_ext s where s.stxrelid = $1::regclass order by s.oid limit 50`,
    [qualified(table)],
  )
  for (const [at, { kinds, columns: list }] of rows.entries()) {
    if (list === null) continue
    const name = `${escapeIdentifier(table.schema)}.${escapeIdentifier(`whetstone_${table.name.slice(0, 40)}_${at}`)}`
    const listed = kinds.length > 0 ? ` (${kinds.join(', ')})` : ''
    await to.query(`CREATE STATISTICS ${name}${listed} ON ${list} FROM ${qualified(table)}`)
  }
}

interface RowsOptions {
  readonly size: TableSize
  readonly serverVersion: number
  readonly fraction: number
  readonly maxBytes: number
  /** By `performance.now()`. The first piece is always copied. */
  readonly endsAt: number
  readonly signal: AbortSignal
}

/** The share of the pages that was copied. */
async function copyRows(from: Client, to: Client, table: PgTable, options: RowsOptions): Promise<number> {
  const { size, signal } = options
  const source: PieceSource = {
    table: qualified(table),
    columns: table.columns.map(column => escapeIdentifier(column.name)).join(', '),
    serverVersion: options.serverVersion,
    blockBytes: size.blockBytes,
  }
  let left: readonly PageRange[] = rangesOf(size.pages, options.fraction)
  let pieceOf = firstPiecePages
  let bytes = 0
  let pages = 0
  // One snapshot for all pieces: a row that is updated meanwhile would come twice, and the unique index would fail.
  await from.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY')
  try {
    while (left.length > 0 && bytes < options.maxBytes && (pages === 0 || performance.now() < options.endsAt)) {
      signal.throwIfAborted()
      const { piece, rest } = takePiece(left, pieceOf)
      const began = performance.now()
      await from.query('SAVEPOINT piece')
      try {
        bytes += await copyPiece(from, to, source, selectPiece(source, piece))
      } catch (error) {
        await from.query('ROLLBACK TO SAVEPOINT piece')
        if (!isTimeout(error) || pieceOf <= leastPiecePages) throw error
        pieceOf = Math.max(leastPiecePages, Math.floor(pieceOf / 8))
        continue
      }
      await from.query('RELEASE SAVEPOINT piece')
      pages += pagesIn(piece)
      pieceOf = nextPiecePages(pagesIn(piece), performance.now() - began)
      left = rest
    }
  } finally {
    await from.query('ROLLBACK')
  }
  return size.pages === 0 ? 1 : pages / size.pages
}

/** Bytes that came over the wire. A piece that fails leaves no rows behind. */
async function copyPiece(from: Client, to: Client, { table, columns }: PieceSource, select: string): Promise<number> {
  let bytes = 0
  const counter = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      bytes += chunk.length
      done(null, chunk)
    },
  })
  // The text format: binary would tie both servers to one version and to each type's send function.
  const source = from.query(copyTo(`COPY (${select}) TO STDOUT`))
  const sink = to.query(copyFrom(`COPY ${table} (${columns}) FROM STDIN`))
  // Not ended by a signal half way: a piece is short, and a connection that was cut off within a copy cannot be used again.
  await pipeline(source, counter, sink)
  return bytes
}

const queryCanceled = '57014'

function isTimeout(error: unknown): boolean {
  return (error as { readonly code?: unknown }).code === queryCanceled
}
