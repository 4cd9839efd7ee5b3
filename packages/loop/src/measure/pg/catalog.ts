/** Tables, columns, indexes and foreign keys as the catalog tells them, with the planner's own statistics. */
import type { Client } from 'pg'
import type { PgColumn, PgForeignKey, PgIndex, PgTable } from '@whetstone/model'
import { autovacuumOf, autovacuumSettings } from './autovacuum.ts'
import { ownMark } from './connect.ts'
import { readTableCounts, type TableCounts, windowOf } from './table-counts.ts'

/** Largest first; a schema with more tables than this is read in part. */
const maxTables = 2_000

const ours = `n.nspname !~ '^pg_' and n.nspname <> 'information_schema'`

export async function readTables(client: Client, before: TableCounts): Promise<PgTable[]> {
  const columns = await readColumns(client)
  const now = await readTableCounts(client)
  const { rows } = await client.query<TableRow>(
    `select ${ownMark} c.oid, n.nspname as schema, c.relname as name, c.relkind as kind,
       (select p.relname from pg_inherits i join pg_class p on p.oid = i.inhparent
        where i.inhrelid = c.oid and c.relispartition) as parent,
       greatest(s.last_analyze, s.last_autoanalyze) as analyzed, greatest(s.last_vacuum, s.last_autovacuum) as vacuumed,
       case when c.reltuples < 0 then coalesce(s.n_live_tup, 0) else c.reltuples end::float8 as rows,
       pg_total_relation_size(c.oid)::float8 as total_bytes, pg_table_size(c.oid)::float8 as table_bytes,
       coalesce(s.n_tup_ins, 0)::float8 as ins, coalesce(s.n_tup_upd, 0)::float8 as upd, coalesce(s.n_tup_del, 0)::float8 as del,
       coalesce(s.n_mod_since_analyze, 0)::float8 as modified, c.reloptions as options
     from pg_class c join pg_namespace n on n.oid = c.relnamespace left join pg_stat_user_tables s on s.relid = c.oid
     where c.relkind in ('r', 'p', 'm') and ${ours}
     order by pg_total_relation_size(c.oid) desc, 2, 3 limit ${maxTables}`,
  )
  const settings = await autovacuumSettings(client)
  return rows.map(row => {
    const counted = windowOf(before.get(row.oid), now.get(row.oid))
    return {
      schema: row.schema,
      name: row.name,
      rows: row.rows,
      totalBytes: row.total_bytes,
      tableBytes: row.table_bytes,
      inserts: row.ins,
      updates: row.upd,
      deletes: row.del,
      ...counted,
      ...(row.analyzed ? { lastAnalyze: row.analyzed.toISOString() } : {}),
      ...(row.vacuumed ? { lastVacuum: row.vacuumed.toISOString() } : {}),
      columns: columns.get(row.oid) ?? [],
      kind: kinds[row.kind],
      ...(row.parent === null ? {} : { partitionOf: row.parent }),
      modifiedSinceAnalyze: row.modified,
      autovacuum: autovacuumOf(settings, row.options ?? []),
    }
  })
}

const kinds = { r: 'table', p: 'partitioned', m: 'materialized-view' } as const

interface TableRow {
  readonly oid: number
  readonly schema: string
  readonly name: string
  readonly kind: keyof typeof kinds
  readonly parent: string | null
  readonly analyzed: Date | null
  readonly vacuumed: Date | null
  readonly rows: number
  readonly total_bytes: number
  readonly table_bytes: number
  readonly ins: number
  readonly upd: number
  readonly del: number
  readonly modified: number
  readonly options: readonly string[] | null
}

async function readColumns(client: Client): Promise<Map<number, PgColumn[]>> {
  const { rows } = await client.query<ColumnRow>(
    `select ${ownMark} a.attrelid as oid, a.attname as name, format_type(a.atttypid, a.atttypmod) as type, a.attnotnull as required,
       s.n_distinct::float8 as distinct, s.avg_width::float8 as width, s.null_frac::float8 as nulls, s.correlation::float8 as correlation,
       s.most_common_freqs[1]::float8 as common
     from pg_attribute a join pg_class c on c.oid = a.attrelid join pg_namespace n on n.oid = c.relnamespace
     left join pg_stats s on s.schemaname = n.nspname and s.tablename = c.relname and s.attname = a.attname
       and s.inherited = (c.relkind = 'p')
     where c.relkind in ('r', 'p', 'm') and a.attnum > 0 and not a.attisdropped and ${ours}
     order by a.attrelid, a.attnum limit 100000`,
  )
  const columns = new Map<number, PgColumn[]>()
  for (const row of rows) {
    const column: PgColumn = {
      name: row.name,
      type: row.type,
      notNull: row.required,
      ...(row.distinct === null ? {} : { distinct: row.distinct }),
      ...(row.width === null ? {} : { averageWidthBytes: row.width }),
      ...(row.nulls === null ? {} : { nullFraction: row.nulls }),
      ...(row.correlation === null ? {} : { correlation: row.correlation }),
      ...(row.common === null ? {} : { mostCommonFraction: row.common }),
    }
    columns.set(row.oid, [...(columns.get(row.oid) ?? []), column])
  }
  return columns
}

interface ColumnRow {
  readonly oid: number
  readonly name: string
  readonly type: string
  readonly required: boolean
  readonly distinct: number | null
  readonly width: number | null
  readonly nulls: number | null
  readonly correlation: number | null
  readonly common: number | null
}

export async function readIndexes(client: Client): Promise<PgIndex[]> {
  const { rows } = await client.query<IndexRow>(
    `select ${ownMark} n.nspname as schema, t.relname as table, c.relname as name, i.indisunique as unique, i.indisprimary as primary,
       i.indisvalid as valid, i.indpred is not null as partial, m.amname as method, pg_get_indexdef(i.indexrelid) as definition,
       pg_relation_size(i.indexrelid)::float8 as bytes, coalesce(s.idx_scan, 0)::float8 as scans,
       exists (select from pg_constraint k where k.conindid = i.indexrelid) as constraint,
       i.indisreplident as "replicaIdentity", c.reltuples::float8 as entries,
       exists (select from pg_stat_progress_create_index p where p.index_relid = i.indexrelid) as building,
       (select array_agg(case when k.attnum = 0 then pg_get_indexdef(i.indexrelid, k.place::int, true) else a.attname::text end order by k.place)
        from unnest(i.indkey::int2[]) with ordinality k(attnum, place)
        left join pg_attribute a on a.attrelid = i.indrelid and a.attnum = k.attnum
        where k.place <= i.indnkeyatts) as columns
     from pg_index i join pg_class c on c.oid = i.indexrelid join pg_class t on t.oid = i.indrelid
     join pg_namespace n on n.oid = t.relnamespace join pg_am m on m.oid = c.relam
     left join pg_stat_user_indexes s on s.indexrelid = i.indexrelid
     where ${ours} and t.relkind in ('r', 'p', 'm') order by 1, 2, 3 limit 10000`,
  )
  return rows.map(({ entries, building, ...row }) => ({
    ...row,
    ...(entries < 0 ? {} : { entries }),
    ...(building ? { building } : {}),
  }))
}

interface IndexRow extends PgIndex {
  /** -1 before the first VACUUM or ANALYZE. */
  readonly entries: number
  readonly building: boolean
}

/** Counters that were never reset are as old as the database, but nobody says how old that is: then only the server's start is sure. */
export async function readCountersAgeMs(client: Client): Promise<number> {
  const { rows } = await client.query<{ age: number }>(
    `select ${ownMark} extract(epoch from now() - coalesce(stats_reset, pg_postmaster_start_time()))::float8 * 1000 as age
     from pg_stat_database where datname = current_database()`,
  )
  return Math.max(0, rows[0]?.age ?? 0)
}

export async function readForeignKeys(client: Client): Promise<PgForeignKey[]> {
  const names = (oid: string, numbers: string) =>
    `(select array_agg(a.attname::text order by u.place) from unnest(${numbers}) with ordinality u(attnum, place)
      join pg_attribute a on a.attrelid = ${oid} and a.attnum = u.attnum)`
  const { rows } = await client.query<PgForeignKey>(
    `select ${ownMark} k.conname as name, n.nspname as schema, t.relname as table, r.relname as "referencedTable",
       ${names('k.conrelid', 'k.conkey')} as columns, ${names('k.confrelid', 'k.confkey')} as "referencedColumns",
       case k.confdeltype when 'r' then 'restrict' when 'c' then 'cascade' when 'n' then 'set null' when 'd' then 'set default'
         else 'no action' end as "onDelete", k.convalidated as validated, r.relrowsecurity as "hidesParents"
     from pg_constraint k join pg_class t on t.oid = k.conrelid join pg_namespace n on n.oid = t.relnamespace
     join pg_class r on r.oid = k.confrelid
     where k.contype = 'f' and ${ours} order by 2, 3, 1 limit 10000`,
  )
  return rows.map(row => ({ ...row }))
}
