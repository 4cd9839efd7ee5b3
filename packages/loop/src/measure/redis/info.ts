/** What INFO says, as numbers: two readings make what happened in between. Field names as in `redis.io/commands/info`. */
import type {
  RedisClients,
  RedisCommand,
  RedisCounts,
  RedisKeyCounts,
  RedisMemory,
  RedisPersistence,
  RedisServerState,
} from '@whetstone/model'

export type Info = ReadonlyMap<string, string>

export function parsedInfo(text: string): Info {
  return new Map(
    text.split(/\r?\n/).flatMap(line => {
      const at = line.indexOf(':')
      return at <= 0 || line.startsWith('#') ? [] : [[line.slice(0, at), line.slice(at + 1)] as const]
    }),
  )
}

export function numberIn(info: Info, name: string): number {
  const value = Number(info.get(name))
  return Number.isFinite(value) ? value : 0
}

export function describedBy(info: Info): Pick<RedisServerState, 'product' | 'version' | 'mode' | 'role' | 'uptimeMs'> {
  const mode = info.get('redis_mode') ?? info.get('server_mode')
  return {
    product: info.has('valkey_version') ? 'valkey' : 'redis',
    version: info.get('valkey_version') ?? info.get('redis_version') ?? 'unknown',
    mode: mode === 'cluster' || mode === 'sentinel' ? mode : 'standalone',
    role: info.get('role') === 'slave' ? 'replica' : 'primary',
    uptimeMs: numberIn(info, 'uptime_in_seconds') * 1_000,
  }
}

export function memoryOf(info: Info): RedisMemory {
  const fragmentation = Number(info.get('mem_fragmentation_ratio'))
  return {
    usedBytes: numberIn(info, 'used_memory'),
    maxBytes: numberIn(info, 'maxmemory'),
    policy: info.get('maxmemory_policy') ?? 'unknown',
    peakBytes: numberIn(info, 'used_memory_peak'),
    ...(Number.isFinite(fragmentation) && fragmentation > 0 ? { fragmentation } : {}),
  }
}

/** `db0:keys=3,expires=2,avg_ttl=8120`, one line a database. */
export function keyCountsOf(info: Info): RedisKeyCounts {
  let total = 0
  let withTtl = 0
  let ttlMs = 0
  for (const [name, value] of info) {
    const [, keys, expires, average] = /^keys=(\d+),expires=(\d+)(?:,avg_ttl=(\d+))?/.exec(value) ?? []
    if (!/^db\d+$/.test(name) || keys === undefined) continue
    total += Number(keys)
    withTtl += Number(expires)
    ttlMs += Number(expires) * Number(average ?? 0)
  }
  return { total, withTtl, averageTtlMs: withTtl === 0 ? 0 : ttlMs / withTtl }
}

const countNames = {
  hits: 'keyspace_hits',
  misses: 'keyspace_misses',
  evicted: 'evicted_keys',
  expired: 'expired_keys',
  commands: 'total_commands_processed',
  connections: 'total_connections_received',
  rejectedConnections: 'rejected_connections',
  errors: 'total_error_replies',
  inputBytes: 'total_net_input_bytes',
  outputBytes: 'total_net_output_bytes',
} as const satisfies Record<keyof RedisCounts, string>

/** Counters that went back were set to zero in between, and what they show came after that. */
function added(before: Info, after: Info, name: string): number {
  const difference = numberIn(after, name) - numberIn(before, name)
  return difference < 0 ? numberIn(after, name) : difference
}

export function countsBetween(before: Info, after: Info): RedisCounts {
  return Object.fromEntries(
    Object.entries(countNames).map(([name, field]) => [name, added(before, after, field)]),
  ) as unknown as RedisCounts
}

export function clientsOf(info: Info): RedisClients {
  return {
    connected: numberIn(info, 'connected_clients'),
    max: numberIn(info, 'maxclients'),
    blocked: numberIn(info, 'blocked_clients'),
  }
}

export function persistenceOf(info: Info, saveSetting: string | undefined): RedisPersistence {
  return {
    appendOnly: info.get('aof_enabled') === '1',
    snapshots: saveSetting === undefined ? numberIn(info, 'rdb_saves') > 0 : saveSetting !== '',
    lastSaveFailed: (info.get('rdb_last_bgsave_status') ?? 'ok') !== 'ok',
    lastAppendFailed: (info.get('aof_last_write_status') ?? 'ok') !== 'ok',
    latestForkMs: numberIn(info, 'latest_fork_usec') / 1_000,
  }
}

const commandsTold = 50

/** `cmdstat_config|get:calls=1,usec=7,usec_per_call=7.00,rejected_calls=0,failed_calls=0`. */
export function commandsBetween(before: Info, after: Info): RedisCommand[] {
  return [...after.keys()]
    .flatMap(name => {
      const [, command] = /^cmdstat_(.+)$/.exec(name) ?? []
      if (command === undefined) return []
      const first = statistics(before.get(name))
      const last = statistics(after.get(name))
      const earlier = last.calls < first.calls ? { calls: 0, usec: 0, failed: 0 } : first
      const calls = last.calls - earlier.calls
      if (calls === 0) return []
      return [
        {
          command: command.toUpperCase(),
          calls,
          totalMs: (last.usec - earlier.usec) / 1_000,
          failed: last.failed - earlier.failed,
        },
      ]
    })
    .toSorted((a, b) => b.totalMs - a.totalMs)
    .slice(0, commandsTold)
}

function statistics(text: string | undefined): { calls: number; usec: number; failed: number } {
  const read = (name: string) => Number(new RegExp(`(?:^|,)${name}=(\\d+)`).exec(text ?? '')?.[1] ?? 0)
  return { calls: read('calls'), usec: read('usec'), failed: read('failed_calls') + read('rejected_calls') }
}
