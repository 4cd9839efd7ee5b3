/** Sessions in Redis: one round trip to read one and prolong it, and no write of one request lost to that of another unseen. */
import { linkOf, type RedisClient, type RedisLink, script } from '../cache/redis/link.ts'
import { Fault, isFault } from '../fault.ts'
import { SignedIds, storedName } from './signed-id.ts'

export interface SessionsOptions {
  /** Sign the ids. At least 32 characters each; the first signs, all are believed. */
  readonly secrets: readonly string[]
  /** Default `session:`. */
  readonly prefix?: string
  /** A session that is not used for so long is over. Default 1,800,000: half an hour. */
  readonly ttlMs?: number
  /** A session is over so long after it was made, however much it is used. Default 43,200,000: twelve hours. */
  readonly longestMs?: number
  /** Of the data as JSON. Default 65,536: every request reads all of it. */
  readonly maxBytes?: number
}

export interface Session<Data> {
  /** For the cookie: random, signed, the key of everything. */
  readonly id: string
  readonly data: Data
  /** Grows with every save. */
  readonly version: number
}

/** Field `d` data, `v` version, `c` when it was made; `g` alone: destroyed a moment ago. ARGV begins with `ttlMs` and `longestMs`. */
const sessionLua = `
local function now()
  local time = redis.call('TIME')
  return time[1] * 1000 + math.floor(time[2] / 1000)
end
local function live(key)
  local found = redis.call('HMGET', key, 'd', 'v', 'c')
  if found[1] then return found end
  return nil
end
local function prolong(key, made)
  local left = math.min(tonumber(ARGV[1]), tonumber(made) + tonumber(ARGV[2]) - now())
  if left > 0 then redis.call('PEXPIRE', key, left) return true end
  redis.call('DEL', key)
  return false
end`

const getScript = script(`${sessionLua}
local found = live(KEYS[1])
if not found or not prolong(KEYS[1], found[3]) then return false end
return { found[1], found[2] }`)

const touchScript = script(`${sessionLua}
local found = live(KEYS[1])
return (found and prolong(KEYS[1], found[3])) and 1 or 0`)

/** ARGV[4]: the version it must have; `new`: it may be there or not, but not destroyed. */
const saveScript = script(`${sessionLua}
local found = live(KEYS[1])
if not found then
  if ARGV[4] ~= 'new' or redis.call('HEXISTS', KEYS[1], 'g') == 1 then return -1 end
  redis.call('HSET', KEYS[1], 'd', ARGV[3], 'v', 1, 'c', string.format('%.0f', now()))
  redis.call('PEXPIRE', KEYS[1], math.min(tonumber(ARGV[1]), tonumber(ARGV[2])))
  return 1
end
if ARGV[4] ~= 'new' and ARGV[4] ~= found[2] then return 0 end
if not prolong(KEYS[1], found[3]) then return -1 end
redis.call('HSET', KEYS[1], 'd', ARGV[3])
return redis.call('HINCRBY', KEYS[1], 'v', 1)`)

const destroyScript = script(`
redis.call('DEL', KEYS[1])
redis.call('HSET', KEYS[1], 'g', 1)
return redis.call('PEXPIRE', KEYS[1], ARGV[1])`)

/** A request that was under way when its user logged out must not bring the session back. */
const rememberDestroyedMs = 60_000

export class Sessions<Data = Record<string, unknown>> {
  readonly #link: RedisLink
  readonly #ids: SignedIds
  readonly #prefix: string
  readonly #ttlMs: number
  readonly #longestMs: number
  readonly #maxBytes: number

  /** @throws RangeError for secrets that are too short, or durations below a millisecond */
  constructor(client: RedisClient, options: SessionsOptions) {
    const { secrets, prefix = 'session:', ttlMs = 1_800_000, longestMs = 43_200_000, maxBytes = 65_536 } = options
    for (const [name, value] of Object.entries({ ttlMs, longestMs, maxBytes }))
      if (!(value >= 1 && Number.isFinite(value)))
        throw new RangeError(`${name} of sessions must be at least 1, not ${value}`)
    this.#link = linkOf(client)
    this.#ids = new SignedIds(secrets)
    this.#prefix = prefix
    this.#ttlMs = ttlMs
    this.#longestMs = longestMs
    this.#maxBytes = maxBytes
  }

  /** After a login always a new one: an id that was known before must not become that of a user. @throws Fault `FAULT_SESSION_SIZE` */
  async create(data: Data): Promise<Session<Data>> {
    const id = this.#ids.make()
    await this.#save(id, data, 'new')
    return { id, data, version: 1 }
  }

  /** Prolongs it too. Undefined for one that is over, and for an id we never gave out: that is not even asked for. */
  async get(id: string): Promise<Session<Data> | undefined> {
    if (!this.#ids.isOurs(id)) return undefined
    const found = (await this.#link.run(getScript, [this.#key(id)], this.#times())) as readonly [Buffer, Buffer] | null
    if (found === null) return undefined
    return { id, data: JSON.parse(found[0].toString()) as Data, version: Number(found[1].toString()) }
  }

  /**
   * Writes what was read and changed.
   * @returns the session with its new version
   * @throws Fault `FAULT_SESSION_CONFLICT` when another request has saved it since, `FAULT_SESSION_GONE`, `FAULT_SESSION_SIZE`
   */
  async save({ id, version }: Pick<Session<unknown>, 'id' | 'version'>, data: Data): Promise<Session<Data>> {
    return { id, data, version: await this.#save(id, data, String(version)) }
  }

  /** Reads, changes and saves, again where another request came between. @param attempts default 5. @throws as `save` */
  async update(id: string, change: (data: Data) => Data, attempts = 5): Promise<Session<Data> | undefined> {
    for (let attempt = 1; ; attempt++) {
      const session = await this.get(id)
      if (session === undefined) return undefined
      try {
        return await this.save(session, change(session.data))
      } catch (error) {
        if (attempt >= attempts || !isFault(error) || error.code !== 'FAULT_SESSION_CONFLICT') throw error
      }
    }
  }

  /** @returns whether there was one to prolong */
  async touch(id: string, ttlMs?: number): Promise<boolean> {
    return (await this.#link.run(touchScript, [this.#key(id)], this.#times(ttlMs))) === 1
  }

  /** It cannot come back: what a request still under way saves is refused. */
  async destroy(id: string): Promise<void> {
    await this.#link.run(destroyScript, [this.#key(id)], [String(rememberDestroyedMs)])
  }

  /**
   * For middlewares that make and sign the ids themselves and know no versions: writes whatever came between, but never what was destroyed.
   * @param ttlMs of this one
   * @throws Fault `FAULT_SESSION_GONE`, `FAULT_SESSION_SIZE`
   */
  async overwrite(id: string, data: Data, ttlMs?: number): Promise<void> {
    await this.#save(id, data, 'new', ttlMs)
  }

  /** Of an id that somebody else has signed; prolongs nothing, as only they know for how long. */
  async read(id: string): Promise<Data | undefined> {
    const found = (await this.#link.command('HGET', this.#key(id), 'd')) as Buffer | null
    return found === null ? undefined : (JSON.parse(found.toString()) as Data)
  }

  async #save(id: string, data: Data, expected: string, ttlMs?: number): Promise<number> {
    const text = JSON.stringify(data)
    const bytes = Buffer.byteLength(text)
    if (bytes > this.#maxBytes)
      throw new Fault('FAULT_SESSION_SIZE', `a session of ${bytes} bytes; at most ${this.#maxBytes} are allowed`, {
        retryable: false,
        hint: 'keep what is large elsewhere, and its key in the session',
      })
    const version = Number(await this.#link.run(saveScript, [this.#key(id)], [...this.#times(ttlMs), text, expected]))
    if (version > 0) return version
    throw version === 0
      ? new Fault('FAULT_SESSION_CONFLICT', `the session has changed since version ${expected} was read`, {
          retryable: true,
        })
      : new Fault('FAULT_SESSION_GONE', 'the session is over', { retryable: false })
  }

  #times(ttlMs = this.#ttlMs): readonly [string, string] {
    return [String(Math.max(1, Math.floor(ttlMs))), String(Math.floor(this.#longestMs))]
  }

  #key(id: string): string {
    return this.#prefix + storedName(id)
  }
}
