/** Keys of a cache server so large that reading one of them whole holds everybody up, and the requests that do it. */
import type { CacheTraffic, CacheUse, RedisKey, RedisServerState } from '@whetstone/model'
import { median } from '@whetstone/stats'

export interface LargeKeyLimits {
  readonly valueBytes: number
  readonly members: number
  /** Mean time of a command on the server that speaks for a large read by itself. */
  readonly commandMs: number
}

export interface LargeRead {
  readonly use: CacheUse
  /** The largest that was sampled. */
  readonly key: RedisKey
  /** Of all calls of the command in the window, by the server's own clock; absent where it was not told. */
  readonly meanMs?: number
}

/** These answer with all of a key. */
const whole = new Set(['HGETALL', 'HKEYS', 'HVALS', 'SMEMBERS', 'SORT'])
/** These answer with as much as they are asked for, which is not seen here: the server's time tells. */
const ranges = new Set(['LRANGE', 'ZRANGE', 'ZREVRANGE', 'ZRANGEBYSCORE', 'ZREVRANGEBYSCORE', 'XRANGE', 'XREVRANGE'])
/** Fewer calls, and a moment without a CPU makes up the mean. */
const leastCalls = 50

export const isLarge = ({ bytes, members = 0 }: RedisKey, limits: LargeKeyLimits): boolean =>
  bytes >= limits.valueBytes || members >= limits.members

/** The largest of the samples, if it is large. */
export function largestKey(servers: readonly RedisServerState[], limits: LargeKeyLimits): RedisKey | undefined {
  return servers
    .flatMap(({ sample }) => sample?.keys ?? [])
    .filter(key => isLarge(key, limits))
    .toSorted(larger)[0]
}

/** Most called first, at most one for each command and kind of key. */
export function largeReads(
  cache: CacheTraffic | undefined,
  servers: readonly RedisServerState[],
  limits: LargeKeyLimits,
): readonly LargeRead[] {
  const found = new Map<string, LargeRead>()
  const uses = (cache?.uses ?? []).filter(({ route, calls }) => route !== '' && calls > 0)
  for (const use of uses.toSorted((a, b) => b.calls - a.calls)) {
    const id = `${use.command} ${use.keyTemplate}`
    const read = found.has(id) ? undefined : largeRead(use, servers, limits)
    if (read) found.set(id, read)
  }
  return [...found.values()]
}

function largeRead(use: CacheUse, servers: readonly RedisServerState[], limits: LargeKeyLimits): LargeRead | undefined {
  if (!whole.has(use.command) && !ranges.has(use.command)) return undefined
  const keys = servers.flatMap(({ sample }) => sample?.keys ?? []).filter(key => key.keyTemplate === use.keyTemplate)
  const [key] = keys.toSorted(larger)
  if (!key || !isLarge(key, limits)) return undefined
  const meanMs = meanMsOf(use.command, servers)
  const isSlow = meanMs !== undefined && meanMs >= limits.commandMs
  // Of many keys one may be large and never asked for: most of them have to be, or the server has to say that it costs time.
  return isSlow || (whole.has(use.command) && areMostlyLarge(keys, limits))
    ? { use, key, ...(meanMs === undefined ? {} : { meanMs }) }
    : undefined
}

function areMostlyLarge(keys: readonly RedisKey[], limits: LargeKeyLimits): boolean {
  return (
    median(keys.map(({ bytes }) => bytes)) >= limits.valueBytes ||
    median(keys.map(({ members = 0 }) => members)) >= limits.members
  )
}

function meanMsOf(command: string, servers: readonly RedisServerState[]): number | undefined {
  const taken = servers.flatMap(({ commands }) => commands).filter(one => one.command === command)
  const calls = taken.reduce((sum, one) => sum + one.calls, 0)
  return calls < leastCalls ? undefined : taken.reduce((sum, { totalMs }) => sum + totalMs, 0) / calls
}

const larger = (a: RedisKey, b: RedisKey): number => (b.members ?? 0) - (a.members ?? 0) || b.bytes - a.bytes
