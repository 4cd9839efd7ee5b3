/** The settings a finding may be about, and the extensions that are installed. */
import type { Client } from 'pg'
import { ownMark } from './connect.ts'

const names =
  `max_connections superuser_reserved_connections shared_buffers work_mem maintenance_work_mem effective_cache_size
random_page_cost seq_page_cost cpu_tuple_cost cpu_index_tuple_cost cpu_operator_cost effective_io_concurrency
statement_timeout lock_timeout idle_in_transaction_session_timeout idle_session_timeout transaction_timeout
default_statistics_target default_transaction_isolation jit jit_above_cost max_parallel_workers max_parallel_workers_per_gather
autovacuum autovacuum_vacuum_scale_factor autovacuum_analyze_scale_factor autovacuum_naptime autovacuum_freeze_max_age
hash_mem_multiplier
synchronous_commit fsync full_page_writes wal_level max_wal_size max_slot_wal_keep_size checkpoint_timeout checkpoint_completion_target
track_io_timing track_activities log_min_duration_statement log_lock_waits plan_cache_mode
shared_preload_libraries pg_stat_statements.max pg_stat_statements.track search_path server_version`.split(/\s+/)

/** As SHOW would print them to the application: `128MB`, `30s`. */
export async function readSettings(client: Client): Promise<Record<string, string>> {
  const { rows } = await client.query<{ name: string; value: string }>(
    // Both timeouts are ours in this session; what the application gets is their reset value.
    `select ${ownMark} name, case when name in ('statement_timeout', 'lock_timeout')
       then case when reset_val = '0' then '0' else reset_val || coalesce(unit, '') end else current_setting(name) end as value
     from pg_settings where name = any($1) order by name`,
    [names],
  )
  return Object.fromEntries(rows.map(row => [row.name, row.value]))
}

export async function readExtensions(client: Client): Promise<string[]> {
  const { rows } = await client.query<{ name: string }>(
    `select ${ownMark} extname as name from pg_extension order by 1`,
  )
  return rows.map(row => row.name)
}
