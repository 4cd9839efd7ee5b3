/** What the server counts for each table: scans, blocks and dead rows, taken at both ends of the window. */
import type { Client } from 'pg'
import type { PgTable, PgWrites } from '@whetstone/model'
import { ownMark } from './connect.ts'

interface TableCount {
  readonly sequential: number
  readonly index: number
  readonly dead: number
  readonly heapHit: number
  readonly heapRead: number
  readonly indexHit: number
  readonly indexRead: number
  readonly inserted: number
  readonly updated: number
  readonly heapOnly: number
  readonly deleted: number
}

/** By oid. */
export type TableCounts = ReadonlyMap<number, TableCount>

export async function readTableCounts(client: Client): Promise<TableCounts> {
  const { rows } = await client.query<TableCount & { readonly relid: number }>(
    `select ${ownMark} s.relid, coalesce(s.seq_scan, 0)::float8 as sequential, coalesce(s.idx_scan, 0)::float8 as index,
       coalesce(s.n_dead_tup, 0)::float8 as dead, coalesce(s.n_tup_ins, 0)::float8 as inserted,
       coalesce(s.n_tup_upd, 0)::float8 as updated, coalesce(s.n_tup_hot_upd, 0)::float8 as "heapOnly",
       coalesce(s.n_tup_del, 0)::float8 as deleted,
       coalesce(io.heap_blks_hit, 0)::float8 as "heapHit", coalesce(io.heap_blks_read, 0)::float8 as "heapRead",
       coalesce(io.idx_blks_hit, 0)::float8 as "indexHit", coalesce(io.idx_blks_read, 0)::float8 as "indexRead"
     from pg_stat_user_tables s left join pg_statio_user_tables io on io.relid = s.relid
     order by s.relid limit 10000`,
  )
  return new Map(rows.map(row => [row.relid, row]))
}

const none: TableCount = {
  sequential: 0,
  index: 0,
  dead: 0,
  heapHit: 0,
  heapRead: 0,
  indexHit: 0,
  indexRead: 0,
  inserted: 0,
  updated: 0,
  heapOnly: 0,
  deleted: 0,
}

/** Pure. Counters that went back were reset in between, and count from nothing. */
export function windowOf(before: TableCount = none, after: TableCount = none): WindowCounts {
  const grown = (name: keyof TableCount) => Math.max(0, after[name] - before[name])
  return {
    sequentialScans: grown('sequential'),
    indexScans: grown('index'),
    deadRows: after.dead,
    deadRowsBefore: before.dead,
    heapBlocksHit: grown('heapHit'),
    heapBlocksRead: grown('heapRead'),
    indexBlocksHit: grown('indexHit'),
    indexBlocksRead: grown('indexRead'),
    writes: {
      inserts: grown('inserted'),
      updates: grown('updated'),
      heapOnlyUpdates: grown('heapOnly'),
      deletes: grown('deleted'),
    },
  }
}

type WindowCounts = Pick<PgTable, 'sequentialScans' | 'indexScans' | 'deadRows'> & {
  readonly writes: PgWrites
} & {
  readonly [
    Name in 'deadRowsBefore' | 'heapBlocksHit' | 'heapBlocksRead' | 'indexBlocksHit' | 'indexBlocksRead'
  ]: number
}
