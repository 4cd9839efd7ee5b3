/** The one question every server is asked, primary or not: who it is, and how far it has come. */
import type { Queryable } from '../queryable.ts'
import type { Ctx } from '../../context.ts'
import { endOfRecord, parseLsn } from './position.ts'

export interface Probed {
  readonly isPrimary: boolean
  /** Written on a primary, replayed on a replica. */
  readonly lsn: number
  /** Of a replica whose sender this role may not see, as of its last restart point: late, and never too new. */
  readonly timeline: number | undefined
  /** Since the commit of the last transaction it replayed, by two clocks; 0 on a primary. */
  readonly replayAgeMs: number
  /** Such as 180004. */
  readonly serverVersion: number
}

/** A role is asked together with the place, or a promotion between two questions would mix two answers. */
const question = `SELECT recovering, current_setting('server_version_num')::int AS version,
  CASE WHEN recovering THEN pg_last_wal_replay_lsn() ELSE pg_current_wal_insert_lsn() END::text AS lsn,
  CASE WHEN recovering THEN coalesce((SELECT received_tli FROM pg_stat_wal_receiver), (SELECT timeline_id FROM pg_control_checkpoint()))
    ELSE ('x' || left(pg_walfile_name(pg_current_wal_insert_lsn()), 8))::bit(32)::int END AS timeline,
  CASE WHEN recovering THEN extract(epoch FROM clock_timestamp() - pg_last_xact_replay_timestamp()) * 1000 ELSE 0 END::float8 AS age
FROM (SELECT pg_is_in_recovery() AS recovering OFFSET 0) AS role`

interface Row {
  readonly recovering: boolean
  readonly version: number
  readonly lsn: string | null
  readonly timeline: number | null
  readonly age: number | null
}

export async function probe(server: Queryable, ctx?: Ctx): Promise<Probed> {
  const { rows } = await server.query<Row>(question, [], ctx)
  const row = rows[0]!
  const lsn = row.lsn === null ? 0 : parseLsn(row.lsn)
  return {
    isPrimary: !row.recovering,
    lsn: row.recovering ? lsn : endOfRecord(lsn),
    timeline: row.timeline ?? undefined,
    replayAgeMs: row.age ?? 0,
    serverVersion: row.version,
  }
}

/** @param lsn to reach @returns how far the replica has come; NaN when it is none any more */
export async function replayedLsn(server: Queryable): Promise<number> {
  const { rows } = await server.query<{ lsn: string | null }>(
    `SELECT CASE WHEN pg_is_in_recovery() THEN pg_last_wal_replay_lsn() END::text AS lsn`,
  )
  return parseLsn(rows[0]?.lsn ?? '')
}
