/** Leases in PostgreSQL: a row each, and a notification to who waits when it is released. */
import { createHash, randomBytes } from 'node:crypto'
import type { TableName } from '../../data/identifier.ts'
import { LeaseWaiters, type LeaseState } from '../lease-waiters.ts'
import type { Lease, Leases, LoadOutcome } from '../tier.ts'
import { within } from '../within.ts'
import { listen, nowMicros, nowMs, type PostgresClient } from './client.ts'
import { tablesOf } from './tables.ts'

/** Long enough for who was refused the lease a moment before it was released, and asks then how it ended. */
const outcomeMs = 2_000

/** Leases in the tables of `setUpPostgresCache`. Waiting keeps one connection of the pool. */
export function postgresLeases(client: PostgresClient, options: { readonly table?: TableName } = {}): Leases {
  const { leases, channel: name } = tablesOf(options.table)
  const channel = `${name}_lease`
  const waiters = new LeaseWaiters(look)
  let stopListening: (() => Promise<void>) | undefined
  // A notification must be short: of a key its hash.
  const keys = new Map<string, { key: string; count: number }>()

  return {
    async take(key, holdMs, ctx) {
      const token = randomBytes(8).toString('hex')
      const taken = client.query(
        `insert into ${leases} as l (key, fence, token, held_until_ms) values ($1, ${nowMicros}, $2, ${nowMs} + $3)
         on conflict (key) do update set fence = greatest(excluded.fence, l.fence + 1), token = excluded.token,
           held_until_ms = excluded.held_until_ms, outcome = null
         where l.outcome is not null or l.held_until_ms <= ${nowMs}
         returning fence`,
        [Buffer.from(key), token, holdMs],
      )
      const lease = ([row]: readonly unknown[]): Lease | undefined =>
        row === undefined ? undefined : leaseOf(key, Number((row as { fence: string }).fence), token)
      const { rows } = await within(taken, ctx, late => void lease(late.rows)?.release({ kind: 'lost' }))
      return lease(rows)
    },
    async wait(key, untilMs, ctx) {
      stopListening ??= listen(
        client,
        channel,
        hash => waiters.wake(keys.get(hash)?.key ?? ''),
        () => waiters.wakeAll(),
      )
      return await heard(key, () => waiters.wait(key, untilMs, ctx))
    },
    async isHeld(key, ctx) {
      const state = await within(look(key), ctx)
      return state !== undefined && 'heldForMs' in state
    },
    async close() {
      await stopListening?.()
      stopListening = undefined
    },
  }

  async function heard(key: string, wait: () => Promise<LoadOutcome>): Promise<LoadOutcome> {
    const hash = hashOf(key)
    const known = keys.get(hash) ?? { key, count: 0 }
    known.count++
    keys.set(hash, known)
    try {
      return await wait()
    } finally {
      if (--known.count === 0) keys.delete(hash)
    }
  }

  async function look(key: string): Promise<LeaseState> {
    const { rows } = await client.query(
      `select outcome, held_until_ms - ${nowMs} as held_for_ms from ${leases} where key = $1 and held_until_ms > ${nowMs}`,
      [Buffer.from(key)],
    )
    const row = rows[0] as { outcome: LoadOutcome | null; held_for_ms: number } | undefined
    if (row === undefined) return undefined
    return row.outcome === null ? { heldForMs: row.held_for_ms } : { outcome: row.outcome }
  }

  function leaseOf(key: string, fence: number, token: string): Lease {
    const held = [Buffer.from(key), token]
    const mine = `key = $1 and token = $2 and outcome is null and held_until_ms > ${nowMs}`
    return {
      fence,
      async extend(holdMs) {
        const extended = await client.query(`update ${leases} set held_until_ms = ${nowMs} + $3 where ${mine}`, [
          ...held,
          holdMs,
        ])
        return extended.rowCount === 1
      },
      async release(outcome) {
        const keptMs = outcome.kind === 'lost' ? 0 : outcomeMs
        await client
          .query(
            `with released as (update ${leases} set outcome = $3, held_until_ms = ${nowMs} + $4 where ${mine} returning 1)
             select pg_notify($5, $6) from released`,
            [...held, JSON.stringify(outcome), keptMs, channel, hashOf(key)],
          )
          // It runs out by itself.
          .catch(() => undefined)
      },
    }
  }
}

function hashOf(key: string): string {
  return createHash('sha1').update(key).digest('hex')
}
