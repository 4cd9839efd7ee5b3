/** What only shows after months of running: transaction numbers, sequences and their ends, files that did not fit into memory. */
import type { Client } from 'pg'
import type { PgHealth, PgSequence } from '@whetstone/model'
import { ownMark } from './connect.ts'

/** Counters of the database so far; taken at both ends of the window. */
interface DatabaseCounts {
  readonly temporaryFiles: number
  readonly temporaryBytes: number
  readonly blockReadMs: number
}

export async function readDatabaseCounts(client: Client): Promise<DatabaseCounts> {
  const { rows } = await client.query<DatabaseCounts>(
    `select ${ownMark} temp_files::float8 as "temporaryFiles", temp_bytes::float8 as "temporaryBytes",
       blk_read_time::float8 as "blockReadMs"
     from pg_stat_database where datname = current_database()`,
  )
  return rows[0] ?? { temporaryFiles: 0, temporaryBytes: 0, blockReadMs: 0 }
}

export async function readHealth(client: Client, before: DatabaseCounts): Promise<PgHealth> {
  const after = await readDatabaseCounts(client)
  const { rows } = await client.query<{ uptime: number; age: number; timed: boolean }>(
    `select ${ownMark} extract(epoch from now() - pg_postmaster_start_time())::float8 * 1000 as uptime,
       age(datfrozenxid)::float8 as age, current_setting('track_io_timing') = 'on' as timed
     from pg_database where datname = current_database()`,
  )
  const { uptime = 0, age = 0, timed = false } = rows[0] ?? {}
  const grown = (name: keyof DatabaseCounts) => Math.max(0, after[name] - before[name])
  return {
    uptimeMs: uptime,
    transactionAge: age,
    sequences: await readSequences(client),
    temporaryFiles: grown('temporaryFiles'),
    temporaryBytes: grown('temporaryBytes'),
    ...(timed ? { blockReadMs: grown('blockReadMs') } : {}),
  }
}

/** An integer column ends at 2³¹, whatever the sequence could still count to. Cycling ones have no end. */
async function readSequences(client: Client): Promise<readonly PgSequence[]> {
  const { rows } = await client.query<SequenceRow>(
    `select ${ownMark} * from (
       select n.nspname as schema, c.relname as name, t.relname as table, a.attname as column,
         format_type(a.atttypid, null) as "columnType",
         coalesce(pg_sequence_last_value(c.oid), 0)::float8 / least(s.seqmax::float8,
           case a.atttypid when 'smallint'::regtype then 32767 when 'integer'::regtype then 2147483647 else 9.2e18 end) as used
       from pg_sequence s join pg_class c on c.oid = s.seqrelid join pg_namespace n on n.oid = c.relnamespace
       left join pg_depend d on d.objid = c.oid and d.classid = 'pg_class'::regclass and d.deptype in ('a', 'i')
         and d.refclassid = 'pg_class'::regclass
       left join pg_class t on t.oid = d.refobjid left join pg_attribute a on a.attrelid = d.refobjid and a.attnum = d.refobjsubid
       where not s.seqcycle and s.seqincrement > 0
         -- PostgreSQL may ask for the privilege before the join, of what is no sequence.
         and case c.relkind when 'S' then has_sequence_privilege(c.oid, 'select, usage') else false end) q
     where used >= 0.5 order by used desc, 1, 2 limit 100`,
  )
  return rows.map(({ schema, name, used, table, column, columnType }) => ({
    schema,
    name,
    usedFraction: used,
    ...(table === null || column === null || columnType === null ? {} : { table, column, columnType }),
  }))
}

interface SequenceRow {
  readonly schema: string
  readonly name: string
  readonly used: number
  readonly table: string | null
  readonly column: string | null
  readonly columnType: string | null
}
