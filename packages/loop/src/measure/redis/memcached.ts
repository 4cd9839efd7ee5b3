/** Memcached tells of itself by `stats` and nothing more: no keys, no slow log. */
import type { Socket } from 'node:net'
import type { RedisServerState } from '@whetstone/model'
import { addressOf } from './addresses.ts'
import { opened, unreachable } from './connect.ts'

type Stats = ReadonlyMap<string, string>
const answerTimeoutMs = 3_000
const longestAnswer = 1_048_576

/** @throws WHET_REDIS_UNREACHABLE */
export async function readMemcached(url: string): Promise<Stats> {
  let socket: Socket | undefined
  try {
    const { host, port } = addressOf(url)
    socket = await opened(host, port, false)
    return statsIn(await answered(socket))
  } catch (cause) {
    throw unreachable(url, cause)
  } finally {
    socket?.destroy()
  }
}

function answered(socket: Socket): Promise<string> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`no answer within ${answerTimeoutMs} ms`)), answerTimeoutMs)
    const end = (settle: () => void): void => {
      clearTimeout(timer)
      settle()
    }
    let text = ''
    socket.on('data', (chunk: Buffer) => {
      text += chunk.toString('latin1')
      if (/(?:^|\r\n)END\r\n$/.test(text)) end(() => resolve(text))
      else if (/^(?:ERROR|CLIENT_ERROR|SERVER_ERROR)/.test(text) || text.length > longestAnswer)
        end(() => reject(new Error('it does not speak the protocol of Memcached')))
    })
    socket.on('error', error => end(() => reject(error)))
    socket.on('close', () => end(() => reject(new Error('the connection was closed'))))
    socket.write('stats\r\n')
  })
}

function statsIn(text: string): Stats {
  return new Map(
    text.split('\r\n').flatMap(line => {
      const [, name, value] = /^STAT (\S+) (.*)$/.exec(line) ?? []
      return name === undefined || value === undefined ? [] : [[name, value] as const]
    }),
  )
}

/** Its eviction is by segments of an LRU, of all keys: there is no other policy to choose. */
export function memcachedState(before: Stats, after: Stats, url: string, windowMs: number): RedisServerState {
  const { host, port } = addressOf(url)
  const value = (name: string): number => Number(after.get(name) ?? 0)
  const added = (name: string): number => {
    const difference = value(name) - Number(before.get(name) ?? 0)
    return difference < 0 ? value(name) : difference
  }
  return {
    product: 'memcached',
    host,
    port,
    version: after.get('version') ?? 'unknown',
    mode: 'standalone',
    role: 'primary',
    uptimeMs: value('uptime') * 1_000,
    windowMs,
    memory: {
      usedBytes: value('bytes'),
      maxBytes: value('limit_maxbytes'),
      policy: 'allkeys-lru',
      peakBytes: value('bytes'),
    },
    keys: { total: value('curr_items'), withTtl: 0, averageTtlMs: 0 },
    counts: {
      hits: added('get_hits'),
      misses: added('get_misses'),
      evicted: added('evictions'),
      expired: added('expired_unfetched'),
      commands: added('cmd_get') + added('cmd_set') + added('cmd_touch') + added('cmd_flush'),
      connections: added('total_connections'),
      rejectedConnections: added('rejected_connections'),
      errors: 0,
      inputBytes: added('bytes_read'),
      outputBytes: added('bytes_written'),
    },
    clients: { connected: value('curr_connections'), max: value('max_connections'), blocked: 0 },
    commands: [],
    unavailable: { keys: 'Memcached does not tell which of its keys end', sample: 'Memcached does not list its keys' },
  }
}
