/** Who replicates from this server, how far behind they are, and which slots keep log for nobody. */
import type { Client } from 'pg'
import type { PgReplication, PgSlot, PgStandby } from '@whetstone/model'
import { ownMark } from './connect.ts'

/** More standbys or slots than these are told by the first ones. */
const most = 100
/** On a standby that others copy in turn the end of the log is what it has received. */
const end = 'case when pg_is_in_recovery() then pg_last_wal_receive_lsn() else pg_current_wal_lsn() end'
const inactiveSince = 170_000

export async function readReplication(client: Client, serverVersion: number): Promise<PgReplication> {
  const { rows } = await client.query<{ recovering: boolean; lag: number | null }>(
    `select ${ownMark} pg_is_in_recovery() as recovering,
       case when pg_last_wal_receive_lsn() is distinct from pg_last_wal_replay_lsn()
         then extract(epoch from clock_timestamp() - pg_last_xact_replay_timestamp())::float8 * 1000 end as lag`,
  )
  const { recovering = false, lag = null } = rows[0] ?? {}
  return {
    recovering,
    ...(recovering && lag !== null ? { replayLagMs: Math.max(0, lag) } : {}),
    standbys: await readStandbys(client),
    slots: await readSlots(client, serverVersion),
  }
}

async function readStandbys(client: Client): Promise<readonly PgStandby[]> {
  const { rows } = await client.query<StandbyRow>(
    `select ${ownMark} coalesce(nullif(application_name, ''), 'pid ' || pid) as name, state, sync_state as commit,
       pg_wal_lsn_diff(${end}, replay_lsn)::float8 as bytes, extract(epoch from replay_lag)::float8 * 1000 as ms
     from pg_stat_replication order by 1 limit ${most}`,
  )
  return rows.map(({ name, state, commit, bytes, ms }) => ({
    name,
    state: state ?? 'unknown',
    commit: commit ?? 'unknown',
    ...(bytes === null ? {} : { lagBytes: Math.max(0, bytes) }),
    ...(ms === null ? {} : { lagMs: Math.max(0, ms) }),
  }))
}

interface StandbyRow {
  readonly name: string
  /** Null for a role without pg_read_all_stats, like the rest. */
  readonly state: PgStandby['state'] | null
  readonly commit: PgStandby['commit'] | null
  readonly bytes: number | null
  readonly ms: number | null
}

async function readSlots(client: Client, serverVersion: number): Promise<readonly PgSlot[]> {
  const inactive =
    serverVersion >= inactiveSince
      ? 'extract(epoch from clock_timestamp() - inactive_since)::float8 * 1000'
      : 'null::float8'
  const { rows } = await client.query<SlotRow>(
    `select ${ownMark} slot_name as name, slot_type as kind, active, wal_status as log, ${inactive} as "inactiveMs",
       pg_wal_lsn_diff(${end}, restart_lsn)::float8 as "keptBytes"
     from pg_replication_slots where not temporary order by restart_lsn nulls last limit ${most}`,
  )
  return rows.map(({ name, kind, active, log, keptBytes, inactiveMs }) => ({
    name,
    kind,
    active,
    log: log ?? 'none',
    // Nothing is kept for a slot that was never read from, nor for one that is lost.
    keptBytes: Math.max(0, keptBytes ?? 0),
    ...(inactiveMs === null || active ? {} : { inactiveMs: Math.max(0, inactiveMs) }),
  }))
}

interface SlotRow extends Omit<PgSlot, 'log' | 'keptBytes' | 'inactiveMs'> {
  readonly log: PgSlot['log'] | null
  readonly keptBytes: number | null
  readonly inactiveMs: number | null
}
