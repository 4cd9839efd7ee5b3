/** What makes a Redis slow or refuse to work for everybody: commands that walk all keys, a client for each request, memory that is full, connections that run out. */
import {
  ask,
  type CacheClient,
  type CacheTraffic,
  type CacheUse,
  type CountersEvidence,
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type RedisServerState,
  type RedisSlowEntry,
  type Where,
} from '@whetstone/model'
import { bytesText, countText, fact, msText, percentText } from '../derive/figures.ts'
import { memoryCaches } from '../derive/memory-caches.ts'

export const inMemoryStore = definePractice({
  id: 'in-memory-store',
  chapter: 'caching',
  title: 'Use an in-memory store (Redis / Memcached) sensibly',
  why: 'Redis does one command at a time: one that walks all keys holds up everybody, and a connection made for a request costs several round trips before the first command.',
  unless: [
    'The server is this process’s alone and holds a few hundred keys.',
    'The walk is a job at night, on a replica that nobody else reads.',
  ],
  sources: [
    'https://redis.io/docs/latest/commands/keys/',
    'https://redis.io/docs/latest/operate/oss_and_stack/management/optimization/latency/',
    'https://redis.io/docs/latest/develop/reference/eviction/',
  ],
  needs: ['traces'],
  optional: ['redis', 'counters'],
  thresholds: {
    walkedKeys: {
      value: 1_000,
      unit: 'count',
      source: 'on the server: KEYS looks at each of them, about 0.2 µs a key',
    },
    slowMs: { value: 10, unit: 'ms', source: 'the default of slowlog-log-slower-than: everybody waited so long' },
    valueBytes: { value: 1_000_000, unit: 'bytes', source: 'sent by the one thread that serves everybody, and parsed' },
    clientsPerRequest: {
      value: 0.05,
      unit: 'ratio',
      source: 'a client lives as long as the process; one in twenty is none',
    },
    clients: { value: 50, unit: 'count', source: 'made in the run: fewer may be the processes starting' },
    memoryFraction: { value: 0.9, unit: 'fraction', source: 'of maxmemory' },
    evictableFraction: { value: 0.1, unit: 'fraction', source: 'of the keys, those that a volatile policy may evict' },
    clientsFraction: { value: 0.9, unit: 'fraction', source: 'of maxclients' },
  },
  remedy: {
    summary:
      'One client a process, commands that touch few keys, a limit of memory and a policy that fits what is kept.',
    example: {
      language: 'ts',
      before: `const redis = new Redis(url)              // in the handler: once per request
const names = await redis.keys('user:*')  // walks every key of the server
await redis.quit()`,
      after: `const redis = new Redis(url) // once, at start
const names = await redis.zrange('users', 0, 99) // an index of one's own; SCAN where a walk is needed`,
    },
    withRuntime: `import { Cache } from '@whetstone/runtime/cache'

// What is read all the time lies in the process; Redis is asked once a second and key.
const cache = new Cache({ name: 'users', maxEntries: 10_000, defaults: { ttlMs: 1_000, staleIfErrorMs: 60_000 } })
const user = await cache.getOrLoad(\`user:\${id}\`, async () => {
  const { rows } = await pool.query<User>('SELECT id, name FROM users WHERE id = $1', [id])
  return rows[0]
})`,
  },
  detect({ traces, redis, counters }, thresholds) {
    const { cache } = traces
    const servers = redis?.servers ?? []
    if (servers.length === 0 && (cache?.servers.length ?? 0) === 0) return withoutStore(counters)
    const requests = traces.routes.reduce((sum, route) => sum + route.requests, 0)
    const found = [
      ...walks(cache, servers, thresholds),
      ...largeValues(cache, thresholds),
      ...clientsPerRequest(cache, requests, thresholds),
      ...servers.flatMap(server => judgeServer(server, thresholds)),
    ]
    if (found.length > 0) return findings(found)
    const [server] = servers
    if (!server) return pass([], 'a cache server is used by few clients, with commands that touch few keys')
    const { memory, latency } = server
    return pass(
      [
        fact('memory used', memory.usedBytes, 'bytes', 'redis'),
        ...(latency ? [fact('round trip to the server, p50', latency.p50Ms, 'ms', 'redis')] : []),
      ],
      `${server.product} ${server.version} uses ${bytesText(memory.usedBytes)}${latency ? ` and answers within ${msText(latency.p50Ms)}, p99 ${msText(latency.p99Ms)}` : ''}`,
    )
  },
})

interface Limits {
  readonly walkedKeys: number
  readonly slowMs: number
  readonly valueBytes: number
  readonly clientsPerRequest: number
  readonly clients: number
  readonly memoryFraction: number
  readonly evictableFraction: number
  readonly clientsFraction: number
}

/** One process needs no store beside it; of several each has its own copy, which is a matter of taste until the data changes. */
function withoutStore(counters: CountersEvidence | undefined) {
  const [shared] = memoryCaches(counters).filter(({ processes }) => processes > 1)
  if (!shared) return notApplicable('no cache server is used')
  return ask(
    `${countText(shared.processes)} processes each keep "${shared.name}" for themselves: may they answer differently until it ends?`,
    [fact('processes with a copy', shared.processes, 'count', 'counters')],
  )
}

type Part = Pick<Finding, 'title' | 'where' | 'facts' | 'confidence' | 'remedy' | 'risk'>

const found = (part: Part): Finding => ({
  fingerprint: fingerprintOf('in-memory-store', part.where),
  practice: 'in-memory-store',
  ...part,
})

function placeOf(use: Pick<CacheUse, 'route' | 'site'>, resource: string): Where {
  return { ...(use.route ? { route: use.route } : {}), ...(use.site ? { site: use.site } : {}), resource }
}

/** KEYS in a request; any other command that the server itself found slow. */
function walks(
  cache: CacheTraffic | undefined,
  servers: readonly RedisServerState[],
  limits: Limits,
): readonly Finding[] {
  const most = servers.reduce((sum, { keys }) => Math.max(sum, keys.total), 0)
  const keysUses = (cache?.uses ?? []).filter(({ command, calls }) => command === 'KEYS' && calls > 0)
  const walking = most >= limits.walkedKeys ? keysUses.toSorted((a, b) => b.calls - a.calls).slice(0, 3) : []
  return [
    ...walking.map(use => describeWalk(use, most, servers)),
    ...servers.flatMap(({ slowLog }) =>
      [...slowest(slowLog?.entries ?? [], limits)]
        .filter(({ command }) => command !== 'KEYS' || walking.length === 0)
        .map(entry => describeSlow(entry, cache)),
    ),
  ]
}

function describeWalk(use: CacheUse, keys: number, servers: readonly RedisServerState[]): Finding {
  const taken = servers.flatMap(({ commands }) => commands).filter(({ command }) => command === 'KEYS')
  const calls = taken.reduce((sum, one) => sum + one.calls, 0)
  const meanMs = calls > 0 ? taken.reduce((sum, { totalMs }) => sum + totalMs, 0) / calls : undefined
  return found({
    title: `KEYS walks ${countText(keys)} keys in a request, while everybody waits`,
    where: placeOf(use, 'KEYS'),
    facts: [
      fact('KEYS in the run', use.calls, 'count', 'traces'),
      fact('keys on the server', keys, 'count', 'redis'),
      ...(meanMs === undefined ? [] : [fact('time the server is held up by one', meanMs, 'ms', 'redis')]),
    ],
    confidence: 'strong',
    remedy: {
      summary: 'Keep the names in a set of their own, or look for them with SCAN.',
      steps: [
        meanMs === undefined
          ? 'It looks at every key of the server, whatever the pattern, and nothing else is answered meanwhile.'
          : `Each takes the server ${msText(meanMs)}, in which it answers nobody else; that grows with all keys of the server.`,
        'Where the names are written, add them to a sorted set, and read that; SCAN gives way to others between its steps, but still walks everything.',
      ],
      code: {
        language: 'ts',
        before: `await redis.keys('user:*')`,
        after: `await redis.zadd('users', Date.now(), id) // where a user is written
await redis.zrange('users', 0, 99)`,
      },
    },
  })
}

function slowest(entries: readonly RedisSlowEntry[], { slowMs }: Limits): readonly RedisSlowEntry[] {
  const byCommand = new Map<string, RedisSlowEntry>()
  for (const entry of entries) {
    if (entry.durationMs < slowMs) continue
    const id = `${entry.command} ${entry.keyTemplate}`
    const known = byCommand.get(id)
    if (!known || known.durationMs < entry.durationMs) byCommand.set(id, entry)
  }
  return [...byCommand.values()].slice(0, 3)
}

function describeSlow(
  { command, keyTemplate, durationMs, arguments: words }: RedisSlowEntry,
  cache: CacheTraffic | undefined,
): Finding {
  const use = (cache?.uses ?? []).find(one => one.command === command && one.keyTemplate === keyTemplate)
  const name = keyTemplate === '' ? command : `${command} ${keyTemplate}`
  return found({
    title: `${name} holds the server up for ${msText(durationMs)}`,
    where: placeOf(use ?? { route: '' }, name),
    facts: [
      fact('the slowest', durationMs, 'ms', 'redis'),
      fact('words of the command', words, 'count', 'redis'),
      ...(use ? [fact('calls in the run', use.calls, 'count', 'traces')] : []),
    ],
    confidence: 'strong',
    remedy: {
      summary: 'Take less at a time.',
      steps: [
        'Redis does one command after the other: everybody who asked meanwhile waited for this one.',
        'Read a page of it (HSCAN, SSCAN, ZRANGE with limits), divide the key, or delete it with UNLINK.',
      ],
    },
  })
}

function largeValues(cache: CacheTraffic | undefined, limits: Limits): readonly Finding[] {
  const large = (cache?.uses ?? []).filter(
    ({ calls, hits, valueBytes }) => hits > 0 && valueBytes / Math.max(1, calls) >= limits.valueBytes,
  )
  return large
    .toSorted((a, b) => b.valueBytes - a.valueBytes)
    .slice(0, 3)
    .map(use =>
      found({
        title: `${use.command} ${use.keyTemplate} brings ${bytesText(use.valueBytes / use.calls)} each time`,
        where: placeOf(use, use.keyTemplate),
        facts: [
          fact('bytes of an answer', use.valueBytes / use.calls, 'bytes', 'traces'),
          fact('the largest', use.maxValueBytes, 'bytes', 'traces'),
          fact('calls', use.calls, 'count', 'traces'),
        ],
        confidence: 'strong',
        remedy: {
          summary: 'Keep what a request needs under a key of its own.',
          steps: [
            'The server sends it with the one thread that serves everybody, and the service parses it on its event loop.',
            'Divide it, read fields of a hash, or keep it in the process and only its version in Redis.',
          ],
        },
      }),
    )
}

function clientsPerRequest(cache: CacheTraffic | undefined, requests: number, limits: Limits): readonly Finding[] {
  return (cache?.servers ?? []).flatMap(client => {
    const perRequest = client.clients / Math.max(1, requests)
    if (client.clients < limits.clients || perRequest < limits.clientsPerRequest) return []
    return [describeClients(client, perRequest)]
  })
}

function describeClients(client: CacheClient, perRequest: number): Finding {
  const isNodeRedis = client.driver === 'redis'
  return found({
    title: `${countText(perRequest)} new ${countText(perRequest) === '1' ? 'client' : 'clients'} of the cache server per request`,
    where: { ...(client.site ? { site: client.site } : {}), resource: 'cache clients' },
    facts: [
      fact('clients made per request', perRequest, 'ratio', 'traces'),
      fact('clients made in the run', client.clients, 'count', 'traces'),
      fact('connections opened', client.connects, 'count', 'traces'),
    ],
    confidence: 'strong',
    remedy: {
      summary: 'Make one client when the process starts.',
      steps: [
        'Each connects, asks the server what it is, and only then sends the first command: three round trips and more where one would do.',
        'One connection carries the commands of all requests at the same time; a second one only for SUBSCRIBE and blocking commands.',
      ],
      code: {
        language: 'ts',
        before: isNodeRedis
          ? 'const client = await createClient({ url }).connect() // in the handler'
          : 'const redis = new Redis(url) // in the handler',
        after: isNodeRedis
          ? 'const client = await createClient({ url }).connect() // once, outside every handler'
          : 'const redis = new Redis(url) // once, outside every handler',
      },
    },
  })
}

function judgeServer(server: RedisServerState, limits: Limits): readonly Finding[] {
  const { memory, keys, clients, counts, persistence, product, host, port } = server
  const where = (what: string): Where => ({ resource: `${product} ${host}:${port} ${what}` })
  const usedFraction = memory.maxBytes > 0 ? memory.usedBytes / memory.maxBytes : 0
  const evictable = evictableFraction(memory.policy, keys)
  const parts: Part[] = []
  if (product !== 'memcached' && usedFraction >= limits.memoryFraction && evictable < limits.evictableFraction)
    parts.push({
      title: `The memory of the server is ${percentText(usedFraction)} full, and ${memory.policy} may evict ${evictable === 0 ? 'nothing' : `${percentText(evictable)} of the keys`}`,
      where: where('memory'),
      facts: [
        fact('of the memory allowed', usedFraction, 'fraction', 'redis'),
        fact('memory allowed', memory.maxBytes, 'bytes', 'redis'),
        fact('keys that may be evicted', evictable, 'fraction', 'redis'),
        fact('commands that failed', counts.errors, 'count', 'redis'),
      ],
      confidence: 'strong',
      risk: 'outage',
      remedy: {
        summary: 'Let it evict what is a copy, or give it more memory.',
        steps: [
          'When it is full, every write is refused with OOM, for all who use it.',
          'A cache wants allkeys-lfu; what must not be lost belongs into another server, with noeviction and an alarm.',
        ],
        code: {
          language: 'ts',
          after: `await client.config('SET', 'maxmemory-policy', 'allkeys-lfu') // and in redis.conf`,
        },
      },
    })
  if (counts.rejectedConnections > 0 || clients.connected >= clients.max * limits.clientsFraction)
    parts.push({
      title: `${countText(clients.connected)} of ${countText(clients.max)} connections of the server are taken`,
      where: where('connections'),
      facts: [
        fact('connections', clients.connected, 'count', 'redis'),
        fact('connections refused', counts.rejectedConnections, 'count', 'redis'),
        fact('connections opened in the window', counts.connections, 'count', 'redis'),
      ],
      confidence: 'strong',
      risk: 'outage',
      remedy: {
        summary: 'Use one client a process, and find who keeps the others.',
        steps: [
          'CLIENT LIST says who they are and how long they have been idle; `timeout` closes those that are forgotten.',
        ],
      },
    })
  if (persistence?.lastSaveFailed || persistence?.lastAppendFailed)
    parts.push({
      title: 'The server could not write to its disk, and may refuse writes',
      where: where('disk'),
      facts: [fact('memory used', memory.usedBytes, 'bytes', 'redis')],
      confidence: 'strong',
      risk: 'loss',
      remedy: {
        summary: 'Give it room on its disk, or turn persistence off where it only holds copies.',
        steps: ['By default (stop-writes-on-bgsave-error) all writes are refused until a snapshot succeeds.'],
      },
    })
  return parts.map(found)
}

/** Of the keys, those the policy may take out. */
function evictableFraction(policy: string, keys: RedisServerState['keys']): number {
  if (policy.startsWith('allkeys-')) return 1
  return policy.startsWith('volatile-') && keys.total > 0 ? keys.withTtl / keys.total : 0
}
