/** Leases in Redis: the server decides who holds one, and wakes who waits when it is released. */
import { randomBytes } from 'node:crypto'
import type { Ctx } from '../../context.ts'
import { LeaseWaiters, type LeaseState } from '../lease-waiters.ts'
import type { Lease, Leases, LoadOutcome } from '../tier.ts'
import { within } from '../within.ts'
import { linkOf, type RedisClient, type RedisLink, script } from './link.ts'

export interface RedisLeasesOptions {
  /** As of the tier beside it. Default `cache:`. */
  readonly prefix?: string
}

/** `h`, fence and token while it is held, and a `w` when somebody waits; `o`, fence and outcome for a moment after. */
const takeScript = script(`
local old = redis.call('GET', KEYS[1])
if old and string.sub(old, 1, 1) == 'h' then
  if string.sub(old, -1) ~= 'w' then redis.call('APPEND', KEYS[1], 'w') end
  return false
end
local time = redis.call('TIME')
local fence = math.max(time[1] * 1000000 + time[2], (old and tonumber(string.sub(old, 2, 17)) or 0) + 1)
local digits = string.format('%016.0f', fence)
redis.call('SET', KEYS[1], 'h' .. digits .. ARGV[1], 'PX', ARGV[2])
return digits`)

const extendScript = script(`
local old = redis.call('GET', KEYS[1])
if not old or string.sub(old, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
return redis.call('PEXPIRE', KEYS[1], ARGV[2])`)

const releaseScript = script(`
local old = redis.call('GET', KEYS[1])
if not old or string.sub(old, 1, #ARGV[1]) ~= ARGV[1] then return 0 end
if ARGV[3] == '0' then
  redis.call('DEL', KEYS[1])
else
  redis.call('SET', KEYS[1], 'o' .. string.sub(old, 2, 17) .. ARGV[2], 'PX', ARGV[3])
end
if string.sub(old, -1) == 'w' then redis.call('PUBLISH', ARGV[4], ARGV[5]) end
return 1`)

/** Also marks that somebody waits: the holder may be another than the one that refused. */
const peekScript = script(`
local held = redis.call('GET', KEYS[1])
if held and string.sub(held, 1, 1) == 'h' and string.sub(held, -1) ~= 'w' then redis.call('APPEND', KEYS[1], 'w') end
return { held, redis.call('PTTL', KEYS[1]) }`)

/** Long enough for who was refused the lease a moment before it was released, and asks then how it ended. */
const outcomeMs = 2_000
const headLength = 17

/** Leases in the Redis of `client`. Waiting opens one connection more, a duplicate of the client's. */
export function redisLeases(client: RedisClient, options: RedisLeasesOptions = {}): Leases {
  return new RedisLeases(linkOf(client), options)
}

class RedisLeases implements Leases {
  readonly #link: RedisLink
  readonly #prefix: string
  readonly #channel: string
  readonly #waiters = new LeaseWaiters(key => this.#look(key))
  #listening: Promise<() => Promise<void>> | undefined

  constructor(link: RedisLink, { prefix = 'cache:' }: RedisLeasesOptions) {
    this.#link = link
    this.#prefix = prefix
    this.#channel = `${prefix}woken`
  }

  async take(key: string, holdMs: number, ctx?: Ctx): Promise<Lease | undefined> {
    const token = randomBytes(8).toString('hex')
    const leaseKey = this.#leaseKey(key)
    const taken = this.#link.run(takeScript, [leaseKey], [token, String(Math.ceil(holdMs))])
    const lease = (digits: unknown): Lease | undefined =>
      digits === null ? undefined : this.#lease(key, (digits as Buffer).toString(), token)
    // Taken for a caller who is gone: nobody else need wait until it runs out.
    return lease(await within(taken, ctx, digits => void lease(digits)?.release({ kind: 'lost' })))
  }

  async wait(key: string, untilMs: number, ctx?: Ctx): Promise<LoadOutcome> {
    this.#listening ??= this.#listen()
    return await this.#waiters.wait(key, untilMs, ctx)
  }

  async isHeld(key: string, ctx?: Ctx): Promise<boolean> {
    const held = (await within(this.#link.command('GET', this.#leaseKey(key)), ctx)) as Buffer | null
    return held !== null && held.toString('latin1', 0, 1) === 'h'
  }

  async close(): Promise<void> {
    const listening = this.#listening
    this.#listening = undefined
    await (
      await listening?.catch(() => undefined)
    )?.()
  }

  #lease(key: string, digits: string, token: string): Lease {
    const leaseKey = this.#leaseKey(key)
    const held = `h${digits}${token}`
    return {
      fence: Number(digits),
      extend: async holdMs =>
        Number(await this.#link.run(extendScript, [leaseKey], [held, String(Math.ceil(holdMs))])) === 1,
      release: async outcome => {
        const keptMs = outcome.kind === 'lost' ? '0' : String(outcomeMs)
        await this.#link
          .run(releaseScript, [leaseKey], [held, JSON.stringify(outcome), keptMs, this.#channel, key])
          // It runs out by itself.
          .catch(nothing)
      },
    }
  }

  #listen(): Promise<() => Promise<void>> {
    const listening = this.#link.listen(
      this.#channel,
      key => this.#waiters.wake(key),
      () => this.#waiters.wakeAll(),
    )
    // Those who wait ask again when the lease would run out; who waits next tries to listen again.
    listening.catch(() => (this.#listening = undefined))
    return listening
  }

  async #look(key: string): Promise<LeaseState> {
    const [held, lifeMs] = (await this.#link.run(peekScript, [this.#leaseKey(key)])) as [Buffer | null, number]
    if (held === null) return undefined
    const text = held.toString()
    return text.startsWith('o')
      ? { outcome: JSON.parse(text.slice(headLength)) as LoadOutcome }
      : { heldForMs: Number(lifeMs) }
  }

  #leaseKey(key: string): string {
    return `${this.#prefix}l:${key}`
  }
}

function nothing(): void {}
