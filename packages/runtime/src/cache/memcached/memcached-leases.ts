/** Leases in memcached, by `add`: it tells nobody anything, so who waits asks again and again. */
import { randomBytes } from 'node:crypto'
import { LeaseWaiters, type LeaseState } from '../lease-waiters.ts'
import type { Lease, Leases, LoadOutcome } from '../tier.ts'
import { within } from '../within.ts'
import { MemcachedLink, type MemjsClient } from './link.ts'

export interface MemcachedLeasesOptions {
  /** As of the tier beside it. Default `cache:`. */
  readonly prefix?: string
  /** How often who waits asks how it goes. Default 25. */
  readonly askEveryMs?: number
}

interface Held {
  readonly fence: number
  /** Of its holder; undefined once it was released. */
  readonly token?: string
  readonly outcome?: LoadOutcome
}

/** Long enough for who was refused the lease a moment before it was released, and asks then how it ended. */
const outcomeMs = 2_000

/** Leases in the memcached of `client`. They run out by its clock, which counts in seconds: up to two late. */
export function memcachedLeases(
  client: MemjsClient,
  { prefix = 'cache:', askEveryMs = 25 }: MemcachedLeasesOptions = {},
): Leases {
  const link = new MemcachedLink(client, prefix)
  const waiters = new LeaseWaiters(look)
  return {
    async take(key, holdMs, ctx) {
      return await within(take(key, holdMs), ctx, late => void late?.release({ kind: 'lost' }))
    },
    wait: (key, untilMs, ctx) => waiters.wait(key, untilMs, ctx),
    async isHeld(key, ctx) {
      const state = await within(look(key), ctx)
      return state !== undefined && 'heldForMs' in state
    },
    close: async () => {},
  }

  async function take(key: string, holdMs: number): Promise<Lease | undefined> {
    const seen = await link.get(`l:${key}`)
    if (seen !== undefined && heldOf(seen.bytes).token !== undefined) return undefined
    const held = { fence: await link.tick(), token: randomBytes(8).toString('hex') }
    // Whoever changed it meanwhile has it.
    if (!(await link.replace(`l:${key}`, seen, bytesOf(held), holdMs))) return undefined
    return {
      fence: held.fence,
      extend: holdLongerMs => change(key, held.token, held, holdLongerMs),
      async release(outcome) {
        const said = outcome.kind === 'lost' ? undefined : { fence: held.fence, outcome }
        // It runs out by itself.
        await change(key, held.token, said, outcomeMs).catch(() => undefined)
      },
    }
  }

  /** @param next undefined removes it @returns false when it is another's by now */
  async function change(key: string, token: string, next: Held | undefined, lifeMs: number): Promise<boolean> {
    const seen = await link.get(`l:${key}`)
    if (seen === undefined || heldOf(seen.bytes).token !== token) return false
    return next === undefined
      ? await link.remove(`l:${key}`, seen)
      : await link.replace(`l:${key}`, seen, bytesOf(next), lifeMs)
  }

  async function look(key: string): Promise<LeaseState> {
    const seen = await link.get(`l:${key}`)
    if (seen === undefined) return undefined
    const { outcome } = heldOf(seen.bytes)
    return outcome === undefined ? { heldForMs: askEveryMs } : { outcome }
  }
}

function heldOf(bytes: Buffer): Held {
  return JSON.parse(bytes.toString()) as Held
}

function bytesOf(held: Held): Buffer {
  return Buffer.from(JSON.stringify(held))
}
