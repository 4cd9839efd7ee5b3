/** What keeps writes away from a bucket that changes hands: triggers on the shard that gives it away, which cost nothing at other times. */
import { quoted, tableSql } from '../identifier.ts'
import type { Queryable } from '../queryable.ts'

/** SQLSTATE of a write that met the fence; of a class that PostgreSQL leaves to others. */
export const FENCED = 'WS001'

const FUNCTION = 'whetstone_shard_fence'

export interface ShardedTable {
  readonly schema: string
  readonly name: string
}

export function tableText({ schema, name }: ShardedTable): string {
  return tableSql([schema, name])
}

/** One transaction: waits for every write under way, and lets none for this bucket pass afterwards. */
export function fenceStatements(tables: readonly ShardedTable[], column: string, bucket: number): readonly string[] {
  const name = quoted(column)
  // The mover itself takes the moved rows away, and says so for its transaction.
  const notMover = `current_setting('whetstone.moving_bucket', true) is distinct from '${bucket}'`
  return [
    // Two moves at once would replace the one function under each other.
    `select pg_advisory_xact_lock(hashtext('${FUNCTION}'))`,
    ...tables.map(table => `lock table ${tableText(table)} in share row exclusive mode`),
    `create or replace function ${FUNCTION}() returns trigger language plpgsql as $$ begin
       raise exception 'bucket % has left this shard', tg_argv[0] using errcode = '${FENCED}';
     end $$`,
    ...tables.flatMap(table => [
      `create or replace trigger ${arriving(bucket)} before insert or update on ${tableText(table)} for each row
       when (new.${name} = ${bucket} and ${notMover}) execute function ${FUNCTION}('${bucket}')`,
      `create or replace trigger ${leaving(bucket)} before update or delete on ${tableText(table)} for each row
       when (old.${name} = ${bucket} and ${notMover}) execute function ${FUNCTION}('${bucket}')`,
    ]),
  ]
}

export async function dropFence(shard: Queryable, tables: readonly ShardedTable[], bucket: number): Promise<void> {
  for (const table of tables) {
    for (const trigger of [arriving(bucket), leaving(bucket)])
      await shard.query(`drop trigger if exists ${trigger} on ${tableText(table)}`)
  }
}

function arriving(bucket: number): string {
  return `whetstone_fence_${bucket}_in`
}

function leaving(bucket: number): string {
  return `whetstone_fence_${bucket}_out`
}
