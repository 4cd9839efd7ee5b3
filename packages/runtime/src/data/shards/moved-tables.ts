/** What must hold of the tables of a bucket before it may move, and whether both shards hold the same afterwards. */
import type { Client } from 'pg'
import { quoted } from '../identifier.ts'
import { type ShardedTable, tableText } from './fence.ts'

export interface TableColumns extends ShardedTable {
  /** In the order of the source. */
  readonly columns: readonly string[]
}

interface Described {
  readonly schema: string
  readonly name: string
  readonly columns: readonly string[]
  readonly identity: 'd' | 'n' | 'f' | 'i'
  /** Columns that tell a row apart in the log. */
  readonly identifying: readonly string[]
}

/** @throws Error that says what to change, before anything was touched */
export async function checkTables(
  source: Client,
  target: Client,
  names: readonly string[],
  column: string,
): Promise<readonly TableColumns[]> {
  const { rows: settings } = await source.query<{ level: string }>(`select current_setting('wal_level') as level`)
  if (settings[0]!.level !== 'logical')
    throw new Error(`wal_level of the source is ${settings[0]!.level}: it must be logical (alter system, then restart)`)
  if (names.length === 0) throw new Error('no tables were named')
  const tables: TableColumns[] = []
  for (const name of names) {
    const here = await describe(source, name)
    const there = await describe(target, name)
    if (here === undefined || there === undefined)
      throw new Error(`there is no table ${name} on the ${here === undefined ? 'source' : 'target'}`)
    if (!here.columns.includes(column)) throw new Error(`${name} has no column "${column}"`)
    if (here.identity !== 'f' && !here.identifying.includes(column))
      throw new Error(
        `"${column}" is not in the replica identity of ${name}: put it into the primary key, or alter table ${tableText(here)} replica identity full`,
      )
    const missing = here.columns.filter(other => !there.columns.includes(other))
    if (missing.length > 0) throw new Error(`${name} lacks ${missing.join(', ')} on the target`)
    tables.push({ schema: here.schema, name: here.name, columns: here.columns })
  }
  return tables
}

/** @throws Error where the copy would meet rows of the bucket */
export async function checkNoRows(
  target: Client,
  tables: readonly TableColumns[],
  column: string,
  bucket: number,
): Promise<void> {
  for (const table of tables) {
    const { rows } = await target.query<{ found: boolean }>(
      `select exists (select from ${tableText(table)} where ${quoted(column)} = $1) as found`,
      [bucket],
    )
    if (rows[0]!.found) throw new Error(`${table.name} holds rows of bucket ${bucket} on the target already`)
  }
}

async function describe(client: Client, name: string): Promise<Described | undefined> {
  const { rows } = await client.query<Described>(
    `select n.nspname as schema, c.relname as name, c.relreplident as identity,
       (select array_agg(a.attname::text order by a.attnum) from pg_attribute a
        where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped and a.attgenerated = '') as columns,
       coalesce((select array_agg(a.attname::text) from pg_index i join pg_attribute a on a.attrelid = c.oid and a.attnum = any(i.indkey)
        where i.indrelid = c.oid and case c.relreplident when 'i' then i.indisreplident else i.indisprimary end), '{}') as identifying
     from pg_class c join pg_namespace n on n.oid = c.relnamespace where c.oid = to_regclass($1) and c.relkind in ('r', 'p')`,
    [name],
  )
  return rows[0]
}

export interface TableDigest {
  readonly table: string
  readonly rows: number
  /** Sum of a 64-bit hash of every row: independent of their order, and a doubled row changes it. */
  readonly sum: string
}

export async function digestOf(
  client: Client,
  tables: readonly TableColumns[],
  column: string,
  bucket: number,
): Promise<readonly TableDigest[]> {
  const digests: TableDigest[] = []
  for (const table of tables) {
    const { rows } = await client.query<{ count: string; sum: string }>(
      `select count(*)::text as count, coalesce(sum(hashtextextended(row(${table.columns.map(quoted).join(', ')})::text, 0)), 0)::text as sum
       from ${tableText(table)} where ${quoted(column)} = $1`,
      [bucket],
    )
    digests.push({ table: table.name, rows: Number(rows[0]!.count), sum: rows[0]!.sum })
  }
  return digests
}

export function differingTables(here: readonly TableDigest[], there: readonly TableDigest[]): readonly string[] {
  return here.flatMap((digest, index) => {
    const other = there[index]!
    if (digest.rows !== other.rows) return [`${digest.table} has ${digest.rows} rows here and ${other.rows} there`]
    return digest.sum === other.sum ? [] : [`${digest.table} has other values in its ${digest.rows} rows`]
  })
}
