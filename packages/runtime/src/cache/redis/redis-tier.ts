/** Redis as a tier: one key an entry, every decision about it made by the server in one step, and its clock for versions. */
import { within } from '../within.ts'
import { type Framed, frameOf, readFrame } from '../frame.ts'
import { everythingTag, type Lookup, type Tier, type TierEntry, type Version } from '../tier.ts'
import type { Ctx } from '../../context.ts'
import { linkOf, type RedisClient, type RedisLink, script } from './link.ts'

export interface RedisTierOptions {
  /** Before every key, so that caches, and what else lies in this Redis, keep apart. Default `cache:`. */
  readonly prefix?: string
  /** How long the mark of a deletion refuses older loads: longer than any load may last. Default 120,000. */
  readonly tombstoneMs?: number
  /** No entry is kept for longer, whatever it says, and the stamp of a tag for as long. Default 30 days. */
  readonly longestLifeMs?: number
  /**
   * In a cluster tag and entry lie on nodes whose clocks differ by up to so much: what was loaded within that time after a stamp is loaded
   * once more. Default 100.
   */
  readonly clusterClockSkewMs?: number
}

/** The server's clock in microseconds, but never below what the key has seen: it may have been set back. */
const nowSource = `
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local function digits(version) return string.format('%016.0f', version) end
`

const getScript = script(`${nowSource}
local answer = { digits(now) }
for index, key in ipairs(KEYS) do answer[index + 1] = redis.call('GET', key) end
return answer`)

const setScript = script(`
local old = redis.call('GETRANGE', KEYS[1], 0, 16)
local version = tonumber(string.sub(old, 2))
if version then
  local mine = tonumber(ARGV[1])
  if version > mine or (version == mine and string.sub(old, 1, 1) == 'd') then return 0 end
end
-- What it replaces would have refused older ones for so long: an entry that is gone before goes on doing so.
local refusing = math.min(redis.call('PTTL', KEYS[1]), tonumber(ARGV[4]))
redis.call('SET', KEYS[1], ARGV[2], 'PX', string.format('%.0f', math.max(tonumber(ARGV[3]), refusing)))
return 1`)

const deleteScript = script(`${nowSource}
local latest = now
for _, key in ipairs(KEYS) do
  local seen = tonumber(string.sub(redis.call('GETRANGE', key, 0, 16), 2)) or 0
  local version = math.max(now, seen + 1)
  redis.call('SET', key, 'd' .. digits(version), 'PX', ARGV[1])
  latest = math.max(latest, version)
end
return digits(latest)`)

const stampScript = script(`${nowSource}
local latest = now + ARGV[2]
for _, key in ipairs(KEYS) do latest = math.max(latest, (tonumber(redis.call('GET', key)) or 0) + 1) end
for _, key in ipairs(KEYS) do redis.call('SET', key, digits(latest), 'PX', ARGV[1]) end
return digits(latest)`)

const stampsScript = script(`
local answer = {}
for index, key in ipairs(KEYS) do answer[index] = redis.call('GET', key) or '0' end
return answer`)

/**
 * A tier in the Redis of `client`, which stays the caller's: it is neither connected nor closed here. Redis 6 or later, Valkey, or a cluster
 * of them.
 *
 * ```ts
 * const cache = new Cache({ shared: { tier: redisTier(new Redis(process.env.REDIS_URL)) } })
 * ```
 */
export function redisTier(client: RedisClient, options: RedisTierOptions = {}): Tier {
  return new RedisTier(linkOf(client), options)
}

class RedisTier implements Tier {
  readonly name = 'redis'
  readonly #link: RedisLink
  readonly #prefix: string
  readonly #tombstoneMs: string
  readonly #longestLifeMs: number
  readonly #skewMicros: string

  constructor(
    link: RedisLink,
    {
      prefix = 'cache:',
      tombstoneMs = 120_000,
      longestLifeMs = 30 * 86_400_000,
      clusterClockSkewMs = 100,
    }: RedisTierOptions,
  ) {
    this.#link = link
    this.#prefix = prefix
    this.#tombstoneMs = String(Math.ceil(tombstoneMs))
    this.#longestLifeMs = longestLifeMs
    this.#skewMicros = link.isCluster ? String(Math.ceil(clusterClockSkewMs * 1_000)) : '0'
  }

  async get(key: string, ctx?: Ctx): Promise<Lookup> {
    const [lookup] = await within(this.#read([key]), ctx)
    return lookup!
  }

  async getMany(keys: readonly string[], ctx?: Ctx): Promise<readonly Lookup[]> {
    return (await within(Promise.all(this.#calls(keys).map(call => this.#read(call))), ctx)).flat()
  }

  async set(key: string, entry: TierEntry, ctx?: Ctx): Promise<boolean> {
    const lifeMs = Math.min(this.#longestLifeMs, Math.max(1, Math.ceil(entry.goneAtMs - Date.now())))
    const args = [String(entry.version), frameOf(entry), String(lifeMs), this.#tombstoneMs]
    return Number(await within(this.#link.run(setScript, [this.#entryKey(key)], args), ctx)) === 1
  }

  delete(keys: readonly string[], ctx?: Ctx): Promise<Version> {
    const deletions = this.#calls(keys).map(call =>
      this.#link.run(
        deleteScript,
        call.map(key => this.#entryKey(key)),
        [this.#tombstoneMs],
      ),
    )
    return within(latest(deletions), ctx)
  }

  stampTags(tags: readonly string[], ctx?: Ctx): Promise<Version> {
    const args = [String(this.#longestLifeMs), this.#skewMicros]
    const stamps = this.#calls(tags).map(call =>
      this.#link.run(
        stampScript,
        call.map(tag => this.#tagKey(tag)),
        args,
      ),
    )
    return within(latest(stamps), ctx)
  }

  async tagStamps(tags: readonly string[], ctx?: Ctx): Promise<readonly Version[]> {
    const calls = this.#calls(tags).map(call =>
      this.#link.run(
        stampsScript,
        call.map(tag => this.#tagKey(tag)),
      ),
    )
    return (await within(Promise.all(calls), ctx)).flatMap(answer => (answer as Buffer[]).map(Number))
  }

  async close(): Promise<void> {}

  async #read(keys: readonly string[]): Promise<readonly Lookup[]> {
    const sent = keys.map(key => this.#entryKey(key))
    const [clock, ...found] = (await this.#link.run(getScript, sent)) as [Buffer, ...(Buffer | null)[]]
    const nowMs = Date.now()
    return found.map(bytes => lookupOf(readFrame(bytes), Number(clock), nowMs))
  }

  /** The keys of each call: of a cluster's, no two need lie on one node. */
  #calls(keys: readonly string[]): readonly (readonly string[])[] {
    if (keys.length === 0) return []
    return this.#link.isCluster ? keys.map(key => [key]) : [keys]
  }

  #entryKey(key: string): string {
    return `${this.#prefix}e:${key}`
  }

  #tagKey(tag: string): string {
    return tag === everythingTag ? `${this.#prefix}everything` : `${this.#prefix}t:${tag}`
  }
}

function lookupOf(framed: Framed | undefined, clock: Version, nowMs: number): Lookup {
  const version = Math.max(clock, (framed?.version ?? 0) + 1)
  return { entry: framed?.kind === 'entry' && nowMs < framed.entry.goneAtMs ? framed.entry : undefined, version }
}

async function latest(versions: readonly Promise<unknown>[]): Promise<Version> {
  return Math.max(0, ...(await Promise.all(versions)).map(Number))
}
