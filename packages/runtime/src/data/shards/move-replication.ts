/** What a move leaves on two servers while it runs: a publication, a slot and a subscription of one name, which outlive a mover that is killed. */
import { setTimeout as delay } from 'node:timers/promises'
import { randomUUID } from 'node:crypto'
import type { Client } from 'pg'
import { quoted } from '../identifier.ts'

export interface BothShards {
  readonly source: Client
  readonly target: Client
}

const POLL_MS = 10
/** The slot is in use until its worker has noticed that it is not wanted any more. */
const SLOT_RELEASE_MS = 10_000

export function newMoveName(bucket: number): string {
  return `${prefixOf(bucket)}${randomUUID().slice(0, 8)}`
}

/**
 * Keeps every other mover of this bucket away until the connections end, however they end: who gets the claim knows that nobody
 * else is at work.
 */
export async function claimMove({ source, target }: BothShards, bucket: number): Promise<boolean> {
  for (const client of [source, target]) {
    const { rows } = await client.query<{ claimed: boolean }>(
      `select pg_try_advisory_lock(hashtext('whetstone_move'), $1::int) as claimed`,
      [bucket],
    )
    if (!rows[0]!.claimed) return false
  }
  return true
}

/** Names of moves of the bucket that something is left of; with the claim in hand, of movers that died. */
export async function moveNames({ source, target }: BothShards, bucket: number): Promise<readonly string[]> {
  const like = [prefixOf(bucket)]
  const here = await source.query<{ name: string }>(
    `select pubname::text as name from pg_publication where starts_with(pubname::text, $1)
     union select slot_name::text from pg_replication_slots where starts_with(slot_name::text, $1) and database = current_database()`,
    like,
  )
  const there = await target.query<{ name: string }>(
    `select subname::text as name from pg_subscription
     where starts_with(subname::text, $1) and subdbid = (select oid from pg_database where datname = current_database())`,
    like,
  )
  return [...new Set([...here.rows, ...there.rows].map(({ name }) => name))]
}

/** Whatever of it there is. @throws Error when the slot is not given up in time */
export async function dropReplication({ source, target }: BothShards, name: string): Promise<void> {
  const sqlName = quoted(name)
  const { rowCount } = await target.query('select from pg_subscription where subname = $1', [name])
  if (rowCount === 1) {
    await target.query(`alter subscription ${sqlName} disable`)
    await target.query(`alter subscription ${sqlName} set (slot_name = none)`)
    await target.query(`drop subscription ${sqlName}`)
  }
  await pollUntil(performance.now() + SLOT_RELEASE_MS, 'the end of the replication', async () => {
    const { rows } = await source.query<{ active: boolean }>(
      'select active from pg_replication_slots where slot_name = $1',
      [name],
    )
    if (rows[0] === undefined) return true
    if (!rows[0].active) await source.query('select pg_drop_replication_slot($1)', [name])
    return false
  })
  await source.query(`drop publication if exists ${sqlName}`)
}

/** @param giveUpMs of `performance.now()` */
export async function pollUntil(giveUpMs: number, what: string, arrived: () => Promise<boolean>): Promise<void> {
  while (!(await arrived())) {
    if (performance.now() >= giveUpMs) throw new Error(`${what} did not come in time`)
    await delay(POLL_MS)
  }
}

function prefixOf(bucket: number): string {
  return `whetstone_move_${bucket}_`
}
