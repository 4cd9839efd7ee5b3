/** The tables a cache has in PostgreSQL: unlogged, so that a write costs no wait for a disk; a crash empties them, as it may. */
import { type TableName, tableSql } from '../../data/identifier.ts'
import type { PostgresClient } from './client.ts'

export interface PostgresTables {
  readonly entries: string
  readonly tags: string
  readonly leases: string
  readonly log: string
  readonly head: string
  /** Of LISTEN and NOTIFY. */
  readonly channel: string
}

/** @param table of the entries; the others have its name and one word more. Default `whetstone_cache` */
export function tablesOf(table: TableName = 'whetstone_cache'): PostgresTables {
  const parts = typeof table === 'string' ? table.split('.') : [...table]
  const named = (also: string) => tableSql([...parts.slice(0, -1), `${parts.at(-1)}${also}`])
  return {
    entries: named(''),
    tags: named('_tag'),
    leases: named('_lease'),
    log: named('_log'),
    head: named('_head'),
    channel: parts.join('.').replaceAll('"', ''),
  }
}

/** For a migration of yours; `setUpPostgresCache` runs it. */
export function postgresCacheSql(table?: TableName): string {
  const { entries, tags, leases, log, head } = tablesOf(table)
  return `
create unlogged table if not exists ${entries} (
  key bytea primary key, version int8 not null, fresh_until_ms float8, gone_at_ms float8, load_ms float8, missing bool,
  tags text[], payload bytea, kept_until_ms float8 not null
);
create index if not exists "${log.replaceAll(/["\\.]/g, '')}_kept" on ${entries} (kept_until_ms);
create unlogged table if not exists ${tags} (tag text primary key, version int8 not null, kept_until_ms float8 not null);
create unlogged table if not exists ${leases} (
  key bytea primary key, fence int8 not null, token text not null, held_until_ms float8 not null, outcome jsonb
);
create unlogged table if not exists ${log} (id int8 primary key, message text not null);
create unlogged table if not exists ${head} (one bool primary key default true check (one), id int8 not null);
`
}

/** Creates what is not there yet. For a start of a service, by a role that may create tables; else use `postgresCacheSql`. */
export async function setUpPostgresCache(client: PostgresClient, table?: TableName): Promise<void> {
  await client.query(postgresCacheSql(table))
}
