/** Invalidations over Redis: a short log that is read on after a cut, and a channel that says at once that it grew. */
import { LogReader } from '../log-reader.ts'
import type { InvalidationBus } from '../tier.ts'
import { linkOf, type RedisClient, script } from './link.ts'

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
      const reader = new LogReader({ end, page }, onInvalidation, onGap)
      await reader.begin()
      const stopListening = link.listen(
        channel,
        message => {
          const [before, place] = message.split(' ', 2) as [string, string]
          reader.hear(before, place, message.slice(before.length + place.length + 2))
        },
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

  async function end(): Promise<string> {
    return String(await link.run(endScript, [log]))
  }

  async function page(place: string, count: number): Promise<[string, string][]> {
    const entries = (await link.command('XRANGE', log, place, '+', 'COUNT', String(count))) as [Buffer, Buffer[]][]
    return entries.map(([id, fields]) => [String(id), String(fields[1])])
  }
}
