/** Invalidations over Redis: a short log that is read on after a cut, and a channel that says at once that it grew. */
import type { Invalidation, InvalidationBus } from '../tier.ts'
import { linkOf, type RedisClient, type RedisLink, script } from './link.ts'

export interface RedisBusOptions {
  /** As of the tier beside it. Default `cache:`. */
  readonly prefix?: string
  /** Messages the log keeps: who was cut for longer than they last doubts all it has. Default 10,000. */
  readonly maxLogged?: number
  /** How often the log is asked for what the channel may have lost without either side noticing, in milliseconds. Default 1,000. */
  readonly checkEveryMs?: number
}

const publishScript = script(`
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
local id = redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], '*', 'm', ARGV[2])
redis.call('PUBLISH', ARGV[3], (last[1] and last[1][1] or '-') .. ' ' .. id .. ' ' .. ARGV[2])
return id`)

/** Where the log ends; an empty one gets a first entry, so that there is a place to read on from. */
const endScript = script(`
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)
if last[1] then return last[1][1] end
return redis.call('XADD', KEYS[1], '*', 'm', '')`)

const pageSize = 1_000

/**
 * A bus over the Redis of `client`. Listening opens one connection more, a duplicate of the client's. What was published while this process was
 * cut off it hears after, in order; where the log no longer reaches back so far, or Redis has lost it, it hears of a gap.
 */
export function redisBus(
  client: RedisClient,
  { prefix = 'cache:', maxLogged = 10_000, checkEveryMs = 1_000 }: RedisBusOptions = {},
): InvalidationBus {
  const link = linkOf(client)
  const [log, channel] = [`${prefix}bus`, `${prefix}bus`]
  return {
    async publish(invalidation) {
      await link.run(publishScript, [log], [String(maxLogged), JSON.stringify(invalidation), channel])
    },
    async subscribe(onInvalidation, onGap) {
      const reader = new LogReader(link, log, onInvalidation, onGap)
      await reader.begin()
      const stopListening = link.listen(
        channel,
        message => reader.hear(message),
        () => void reader.catchUp(),
      )
      stopListening.catch(() => undefined)
      const timer = setInterval(() => void reader.catchUp(), checkEveryMs).unref()
      return async () => {
        clearInterval(timer)
        reader.stop()
        await (
          await stopListening.catch(() => undefined)
        )?.()
      }
    },
  }
}

class LogReader {
  /** Of the last message that was heard. */
  #place = ''
  #catchingUp: Promise<void> | undefined
  #again = false
  #stopped = false

  constructor(
    private readonly link: RedisLink,
    private readonly log: string,
    private readonly onInvalidation: (invalidation: Invalidation) => void,
    private readonly onGap: () => void,
  ) {}

  async begin(): Promise<void> {
    this.#place = String(await this.link.run(endScript, [this.log]))
  }

  /** A message that follows on the last one is all there is to know; any other says that some are missing. */
  hear(message: string): void {
    const [before, id] = message.split(' ', 2) as [string, string]
    if (this.#catchingUp === undefined && before === this.#place) {
      this.#place = id
      this.#tell(message.slice(before.length + id.length + 2))
    } else void this.catchUp()
  }

  /** Never rejects: while Redis does not answer there is nothing to hear, and somebody calls again. */
  catchUp(): Promise<void> {
    this.#again = true
    this.#catchingUp ??= this.#readOn()
      .catch(() => undefined)
      .finally(() => (this.#catchingUp = undefined))
    return this.#catchingUp
  }

  stop(): void {
    this.#stopped = true
  }

  async #readOn(): Promise<void> {
    while (this.#again && !this.#stopped) {
      this.#again = false
      const page = await this.#page(this.#place)
      // The place itself must still be there: the log was trimmed past it, or began anew.
      if (page[0]?.[0] !== this.#place) {
        await this.begin()
        if (!this.#stopped) this.onGap()
        continue
      }
      for (const [id, message] of page.slice(1)) {
        this.#place = id
        this.#tell(message)
      }
      if (page.length > pageSize) this.#again = true
    }
  }

  async #page(from: string): Promise<[id: string, message: string][]> {
    const entries = (await this.link.command('XRANGE', this.log, from, '+', 'COUNT', String(pageSize + 1))) as [
      Buffer,
      Buffer[],
    ][]
    return entries.map(([id, fields]) => [String(id), String(fields[1])])
  }

  #tell(message: string): void {
    if (message !== '' && !this.#stopped) this.onInvalidation(JSON.parse(message) as Invalidation)
  }
}
