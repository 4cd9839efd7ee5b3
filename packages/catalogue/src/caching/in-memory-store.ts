/** What makes a Redis slow or refuse to work for everybody: commands that walk all keys or read all of a large one, a client for each request, memory that is full, connections that run out. */
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
  type Outcome,
  pass,
  type RedisKey,
  type RedisServerState,
  type RedisSlowEntry,
  unknown,
  type Where,
} from '@whetstone/model'
import { bytesText, countText, fact, msText } from '../derive/figures.ts'
import { type LargeKeyLimits, type LargeRead, largeReads, largestKey } from '../derive/large-keys.ts'
import { memoryCaches } from '../derive/memory-caches.ts'
import { serverFaults, type ServerFault, type ServerLimits } from '../derive/server-faults.ts'

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
    members: {
      value: 10_000,
      unit: 'count',
      source: 'on the server: LRANGE of so many short members takes 0.8 ms, HGETALL a multiple of it',
    },
    commandMs: {
      value: 1,
      unit: 'ms',
      source: 'mean on the server: a command on a few members takes some microseconds',
    },
    pauseMs: {
      value: 100,
      unit: 'ms',
      source: 'half of the 200 ms a request may take, in which the server answers nobody',
    },
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
    const slow = walks(cache, servers, thresholds)
    const heavy = largeValues(cache, thresholds)
    const named = new Set([...slow, ...heavy].map(({ where }) => where.resource))
    // What the server found slow, or the service large, has its name already.
    const large = largeReads(cache, servers, thresholds).filter(
      ({ use }) => !named.has(`${use.command} ${use.keyTemplate}`) && !named.has(use.keyTemplate),
    )
    const all = [
      ...slow,
      ...heavy,
      ...large.slice(0, 3).map(describeLarge),
      ...clientsPerRequest(cache, requests, thresholds),
      ...servers.flatMap(server => serverFaults(server, thresholds).map(found)),
    ]
    return all.length > 0 ? findings(all) : atEase(servers, thresholds)
  },
})
interface Limits extends LargeKeyLimits, ServerLimits {
  readonly walkedKeys: number
  readonly slowMs: number
  readonly clientsPerRequest: number
  readonly clients: number
}

/** A slow PING is no fault by itself: it waits for the way and for this machine too. What was not seen on the server is said to be so. */
function atEase(servers: readonly RedisServerState[], limits: Limits): Outcome {
  const [server] = servers.toSorted((a, b) => (b.latency?.p99Ms ?? 0) - (a.latency?.p99Ms ?? 0))
  if (!server) return pass([], 'a cache server is used by few clients, with commands that touch few keys')
  const { memory, latency, product, version } = server
  const largest = largestKey(servers, limits)
  const facts = [
    fact('memory used', memory.usedBytes, 'bytes', 'redis'),
    ...(latency
      ? [
          fact('round trip to the server, p50', latency.p50Ms, 'ms', 'redis'),
          fact('round trip to the server, p99', latency.p99Ms, 'ms', 'redis'),
        ]
      : []),
    ...(largest ? [fact('members of the largest sampled key', largest.members ?? 1, 'count', 'redis')] : []),
  ]
  const isSlow = latency !== undefined && latency.p99Ms >= limits.slowMs
  const isClear = toldNoSlow(server, limits)
  const figures = `${product} ${version} uses ${bytesText(memory.usedBytes)}${latency ? ` and answers PING within ${msText(latency.p50Ms)}, p99 ${msText(latency.p99Ms)}` : ''}`
  if (isSlow && latency.p99Ms >= limits.pauseMs && !isClear)
    return unknown(
      ['redis'],
      `${figures}: its slow log does not tell whether that is the server`,
      `CONFIG SET slowlog-log-slower-than ${limits.slowMs * 1_000}`,
    )
  return pass(
    facts,
    [
      figures,
      ...(isSlow && isClear
        ? [`none of its commands took ${msText(limits.slowMs)}, the rest is time outside of them`]
        : []),
      ...(largest ? [`no request was seen to read its largest keys whole (${sizeText(largest)})`] : []),
    ].join('; '),
  )
}

/** The slow log held all that was slow, and that was nothing. */
function toldNoSlow({ slowLog }: RedisServerState, { slowMs }: Limits): boolean {
  return (
    slowLog !== undefined &&
    slowLog.thresholdMs > 0 &&
    slowLog.thresholdMs <= slowMs &&
    slowLog.entries.every(({ durationMs }) => durationMs < slowMs) &&
    slowLog.entries.length < slowEntriesTold
  )
}

/** A log that tells so many may have lost others. */
const slowEntriesTold = 50

const sizeText = ({ keyTemplate, members, bytes }: RedisKey): string =>
  `${keyTemplate}: ${members === undefined ? '' : `${countText(members)} members, `}${bytesText(bytes)}`

/** One process needs no store beside it; of several each has its own copy, which is a matter of taste until the data changes. */
function withoutStore(counters: CountersEvidence | undefined) {
  const [shared] = memoryCaches(counters).filter(({ processes }) => processes > 1)
  if (!shared) return notApplicable('no cache server is used')
  return ask(
    `${countText(shared.processes)} processes each keep "${shared.name}" for themselves: may they answer differently until it ends?`,
    [fact('processes with a copy', shared.processes, 'count', 'counters')],
  )
}

const found = (part: ServerFault): Finding => ({
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

function describeLarge({ use, key, meanMs }: LargeRead): Finding {
  const { command, keyTemplate, calls } = use
  const { members, bytes } = key
  const size = members === undefined ? bytesText(bytes) : `${countText(members)} members`
  return found({
    title: `${command} ${keyTemplate} reads up to ${size} at once`,
    where: placeOf(use, `${command} ${keyTemplate}`),
    facts: [
      ...(members === undefined ? [] : [fact('members of the largest sampled', members, 'count', 'redis')]),
      fact('memory of the largest sampled', bytes, 'bytes', 'redis'),
      fact('calls in the run', calls, 'count', 'traces'),
      ...(meanMs === undefined ? [] : [fact(`time the server takes for one ${command}`, meanMs, 'ms', 'redis')]),
    ],
    confidence: 'strong',
    remedy: {
      summary: 'Read the fields that a request needs, or a page of them.',
      steps: [
        'Redis does one command after the other: while it collects and sends all members, nobody else is answered, and the service parses them on its event loop.',
        'HMGET, SMISMEMBER or ZRANGE with limits read what is needed; HSCAN and SSCAN walk it in pieces; a key for each part divides it.',
      ],
    },
  })
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
