/** Copies the tables that matter into a scratch database over the wire, so that an index can be built and timed where nobody works. */
import { pipeline } from 'node:stream/promises'
import type { Client } from 'pg'
import { escapeIdentifier, escapeLiteral } from 'pg'
import { from as copyFrom, to as copyTo } from 'pg-copy-streams'
import type { PgEvidence, PgTable } from '@whetstone/model'

export interface CopyOptions {
  /** Larger tables are copied in part, block by block. */
  readonly maxBytes: number
  /** For one table. */
  readonly copyTimeoutMs: number
  readonly signal: AbortSignal
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
  options: CopyOptions,
): Promise<Copied> {
  const totalBytes = tables.reduce((sum, table) => sum + table.tableBytes, 0)
  const fraction = Math.min(1, options.maxBytes / Math.max(1, totalBytes))
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
  await from.query(`SET statement_timeout = ${options.copyTimeoutMs}`)
  for (const table of tables) {
    options.signal.throwIfAborted()
    const name = qualified(table)
    const copied = await attempt(name, async () => {
      await to.query(`CREATE SCHEMA IF NOT EXISTS ${escapeIdentifier(table.schema)}; ${createTable(table)}`)
      await copyRows(from, to, table, fraction, options.signal)
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
    // VACUUM as well: index-only scans need the visibility map, which a table in use has.
    await attempt(name, () => to.query(`VACUUM (ANALYZE) ${name}`))
  }
  return { fraction, failed }
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

async function copyRows(
  from: Client,
  to: Client,
  table: PgTable,
  fraction: number,
  signal: AbortSignal,
): Promise<void> {
  const name = qualified(table)
  const columns = table.columns.map(column => escapeIdentifier(column.name)).join(', ')
  const sample = fraction < 1 ? ` TABLESAMPLE SYSTEM (${Math.max(0.01, fraction * 100)})` : ''
  // The text format: binary would tie both servers to one version and to each type's send function.
  const source = from.query(copyTo(`COPY (SELECT ${columns} FROM ${name}${sample}) TO STDOUT`))
  const sink = to.query(copyFrom(`COPY ${name} (${columns}) FROM STDIN`))
  await pipeline(source, sink, { signal })
}
