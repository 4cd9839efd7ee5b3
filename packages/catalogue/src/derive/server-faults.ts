/** What is wrong with a cache server for all who use it: memory that is full, connections that run out, a disk that refuses, pauses. */
import type { Finding, RedisServerState, Where } from '@whetstone/model'
import { countText, fact, msText, percentText } from './figures.ts'

export type ServerFault = Pick<Finding, 'title' | 'where' | 'facts' | 'confidence' | 'remedy' | 'risk'>

export interface ServerLimits {
  readonly memoryFraction: number
  readonly evictableFraction: number
  readonly clientsFraction: number
  readonly pauseMs: number
}

/** Each is told of the server as a whole, and names no place in the code. */
export function serverFaults(server: RedisServerState, limits: ServerLimits): readonly ServerFault[] {
  const { memory, keys, clients, counts, persistence, product } = server
  const where = (what: string) => whereOf(server, what)
  const usedFraction = memory.maxBytes > 0 ? memory.usedBytes / memory.maxBytes : 0
  const evictable = evictableFraction(memory.policy, keys)
  const parts: ServerFault[] = []
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
  return [...parts, ...pauses(server, limits)]
}

const whereOf = ({ product, host, port }: RedisServerState, what: string): Where => ({
  resource: `${product} ${host}:${port} ${what}`,
})

/** By its own clock, as long as nobody was answered at all. */
function pauses(server: RedisServerState, { pauseMs }: ServerLimits): readonly ServerFault[] {
  const forkMs = server.persistence?.latestForkMs ?? 0
  // A command is in the slow log, by its name; a fork is told with its cure.
  const events = (server.latency?.events ?? []).filter(
    ({ event, latestMs }) => latestMs >= pauseMs && !/command$|^fork$/.test(event),
  )
  return [
    ...(forkMs < pauseMs
      ? []
      : [
          {
            title: `The server answered nobody for ${msText(forkMs)} while it forked`,
            where: whereOf(server, 'fork'),
            facts: [
              fact('its latest fork', forkMs, 'ms', 'redis'),
              fact('memory used', server.memory.usedBytes, 'bytes', 'redis'),
            ],
            confidence: 'strong' as const,
            remedy: {
              summary: 'Write snapshots on a replica, or none where it only holds copies.',
              steps: [
                'For each snapshot and each rewrite of its log it copies the tables of its memory, which takes longer the more memory it has.',
                'Turn off transparent huge pages on its machine: with them the copy itself is made later, in the middle of commands.',
              ],
            },
          },
        ]),
    ...events.map(({ event, latestMs, maxMs }) => ({
      title: `The server was held up by ${event} for ${msText(latestMs)}`,
      where: whereOf(server, event),
      facts: [fact('the latest', latestMs, 'ms', 'redis'), fact('the longest since it watches', maxMs, 'ms', 'redis')],
      confidence: 'strong' as const,
      remedy: {
        summary: `Look at what ${event} waits for: LATENCY DOCTOR says it in words.`,
        steps: [
          'It is in the server’s own record of latency: nobody was answered meanwhile.',
          event.startsWith('aof')
            ? 'Its log waits for the disk: another disk, or appendfsync everysec with no-appendfsync-on-rewrite.'
            : 'Keys that end in the same moment, or that are evicted by the thousand, are deleted at once: spread their ends, and give it room.',
        ],
      },
    })),
  ]
}

/** Of the keys, those the policy may take out. */
function evictableFraction(policy: string, keys: RedisServerState['keys']): number {
  if (policy.startsWith('allkeys-')) return 1
  return policy.startsWith('volatile-') && keys.total > 0 ? keys.withTtl / keys.total : 0
}
