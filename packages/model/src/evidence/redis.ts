/** Cache servers as they describe themselves: read before and after the window, and a sample of their keys. Nothing in them is changed. */
export interface RedisEvidence {
  readonly schema: 'redis@1'
  readonly servers: readonly RedisServerState[]
}

/** Redis and what speaks like it; of Memcached `memory`, `keys`, `counts` and `clients`. */
export interface RedisServerState {
  readonly product: 'redis' | 'valkey' | 'memcached'
  /** Lab only. */
  readonly host: string
  readonly port: number
  readonly version: string
  readonly mode: 'standalone' | 'cluster' | 'sentinel'
  readonly role: 'primary' | 'replica'
  readonly uptimeMs: number
  /** Between the two readings. */
  readonly windowMs: number
  readonly memory: RedisMemory
  readonly keys: RedisKeyCounts
  readonly counts: RedisCounts
  readonly clients: RedisClients
  /** By total time, at most 50. */
  readonly commands: readonly RedisCommand[]
  readonly persistence?: RedisPersistence
  readonly slowLog?: RedisSlowLog
  readonly latency?: RedisLatency
  readonly sample?: RedisKeySample
  /** What could not be read, and why: `sample`, `slowLog`, … */
  readonly unavailable: Readonly<Record<string, string>>
}

export interface RedisMemory {
  readonly usedBytes: number
  /** 0 = no limit. */
  readonly maxBytes: number
  /** `noeviction`, `allkeys-lru`, `volatile-ttl`, … */
  readonly policy: string
  readonly peakBytes: number
  /** Resident over used; above 1 memory is lost to fragmentation, far below 1 the server is swapped out. */
  readonly fragmentation?: number
}

/** Over all databases, at the end of the window. */
export interface RedisKeyCounts {
  readonly total: number
  readonly withTtl: number
  /** Of those with a TTL. */
  readonly averageTtlMs: number
}

/** Added in the window by everybody who uses the server, the tool's own few commands included. */
export interface RedisCounts {
  readonly hits: number
  readonly misses: number
  readonly evicted: number
  readonly expired: number
  readonly commands: number
  readonly connections: number
  readonly rejectedConnections: number
  readonly errors: number
  readonly inputBytes: number
  readonly outputBytes: number
}

export interface RedisClients {
  readonly connected: number
  readonly max: number
  readonly blocked: number
}

/** In the window. */
export interface RedisCommand {
  /** Upper case, `CONFIG|GET` with its subcommand. */
  readonly command: string
  readonly calls: number
  readonly totalMs: number
  readonly failed: number
}

export interface RedisPersistence {
  readonly appendOnly: boolean
  /** A snapshot is written by schedule or by hand: there was one. */
  readonly snapshots: boolean
  readonly lastSaveFailed: boolean
  readonly lastAppendFailed: boolean
  /** The server answers nobody while it forks. */
  readonly latestForkMs: number
}

export interface RedisSlowLog {
  readonly thresholdMs: number
  /** Of the window, slowest first, at most 50. */
  readonly entries: readonly RedisSlowEntry[]
}
export interface RedisSlowEntry {
  readonly command: string
  /** Of its first key; empty without one. */
  readonly keyTemplate: string
  readonly arguments: number
  readonly durationMs: number
  /** Epoch milliseconds, by the server's clock, whole seconds. */
  readonly atMs: number
}

/** Round trips of PING on a connection of the tool's own, spread over the window. */
export interface RedisLatency {
  readonly pings: number
  readonly p50Ms: number
  readonly p99Ms: number
  readonly maxMs: number
  /** LATENCY LATEST of what came in the window; empty unless the server monitors latency. `maxMs` is since it does. */
  readonly events: readonly { readonly event: string; readonly latestMs: number; readonly maxMs: number }[]
}

/** Found by SCAN at the end of the window. */
export interface RedisKeySample {
  /** At most 1,000. */
  readonly keys: readonly RedisKey[]
  /** True when these are all there are. */
  readonly complete: boolean
}
export interface RedisKey {
  /** `product:{n}`, made as those of `traces.cache`. */
  readonly keyTemplate: string
  readonly type: 'string' | 'list' | 'set' | 'zset' | 'hash' | 'stream' | 'other'
  /** With overhead, by MEMORY USAGE. */
  readonly bytes: number
  /** Absent = none. */
  readonly ttlMs?: number
  /** Of what is no string. */
  readonly members?: number
}
