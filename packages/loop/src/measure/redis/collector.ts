/** Reads cache servers around a measured window: counters before and after, PING in between, slow log and a sample of keys at the end. */
import type { RedisEvidence, RedisServerState } from '@whetstone/model'
import { Parts } from '../parts.ts'
import { addressOf } from './addresses.ts'
import { connectRedis, type RedisConnection } from './connect.ts'
import {
  clientsOf,
  commandsBetween,
  countsBetween,
  describedBy,
  type Info,
  keyCountsOf,
  memoryOf,
  numberIn,
  parsedInfo,
  persistenceOf,
} from './info.ts'
import { sampleKeys } from './key-sample.ts'
import { memcachedState, readMemcached } from './memcached.ts'
import { startPings } from './pings.ts'
import { latencyEvents, lastSlowId, slowLogSince } from './slow-log.ts'

export interface RedisCollector {
  /** Ends the window and closes the connections. Rejects only when every server is gone. */
  finish(): Promise<RedisEvidence>
  /** Closes without reading. */
  stop(): void
}

interface ServerReading {
  finish(): Promise<RedisServerState>
  stop(): void
}

/** All that is read at the end may take this long. */
const sampleBudgetMs = 3_000

/** @throws WHET_REDIS_UNREACHABLE */
export async function startRedisCollector(urls: readonly string[]): Promise<RedisCollector> {
  const started = await Promise.allSettled(urls.map(async url => await begin(url)))
  const readings = started.flatMap(one => (one.status === 'fulfilled' ? [one.value] : []))
  const failed = started.find(one => one.status === 'rejected')
  if (failed) {
    for (const reading of readings) reading.stop()
    throw failed.reason
  }
  return {
    finish: async () => ({
      schema: 'redis@1',
      servers: await Promise.all(readings.map(async reading => await reading.finish())),
    }),
    stop: () => {
      for (const reading of readings) reading.stop()
    },
  }
}

async function begin(url: string): Promise<ServerReading> {
  const startedMs = performance.now()
  if (addressOf(url).isMemcached) {
    const before = await readMemcached(url)
    return {
      finish: async () => memcachedState(before, await readMemcached(url), url, performance.now() - startedMs),
      stop: () => undefined,
    }
  }
  const connection = await connectRedis(url)
  try {
    const parts = new Parts()
    const before = await readInfo(connection)
    const slowId = await parts.read('slowLog', undefined, () => lastSlowId(connection))
    const pings = startPings(connection)
    return {
      finish: async () => {
        try {
          const windowMs = performance.now() - startedMs
          return await readServer(connection, { url, windowMs, before, slowId, pings: pings.stop(), parts })
        } finally {
          connection.close()
        }
      },
      stop: () => {
        pings.stop()
        connection.close()
      },
    }
  } catch (error) {
    connection.close()
    throw error
  }
}

/** `all`, because commandstats are not among what it says by default. */
async function readInfo(connection: RedisConnection): Promise<Info> {
  return parsedInfo(String(await connection.ask('INFO', 'all')))
}

interface Window {
  readonly url: string
  readonly windowMs: number
  readonly before: Info
  readonly slowId: number | undefined
  readonly pings: ReturnType<ReturnType<typeof startPings>['stop']>
  readonly parts: Parts
}

async function readServer(
  connection: RedisConnection,
  { url, windowMs, before, slowId, pings, parts }: Window,
): Promise<RedisServerState> {
  const after = await readInfo(connection)
  const { host, port } = addressOf(url)
  const { mode, ...described } = describedBy(after)
  if (mode === 'cluster') parts.note('cluster', 'only this node of the cluster was read')
  const save = await parts.read('settings', undefined, () => setting(connection, 'save'))
  const threshold = await parts.read('slowLog', undefined, () => setting(connection, 'slowlog-log-slower-than'))
  const slowLog =
    slowId === undefined
      ? undefined
      : await parts.read('slowLog', undefined, () => slowLogSince(connection, slowId, Number(threshold ?? 0)))
  const events = await parts.read<Awaited<ReturnType<typeof latencyEvents>>>('latency', [], () =>
    latencyEvents(connection, numberIn(before, 'server_time_usec') / 1_000),
  )
  const sample = await parts.read('sample', undefined, () =>
    sampleKeys(connection, { deadlineMs: performance.now() + sampleBudgetMs, now: () => performance.now() }),
  )
  return {
    ...described,
    mode,
    host,
    port,
    windowMs,
    memory: memoryOf(after),
    keys: keyCountsOf(after),
    counts: countsBetween(restartedIn(before, after) ? new Map() : before, after),
    clients: clientsOf(after),
    commands: commandsBetween(before, after),
    persistence: persistenceOf(after, save),
    ...(slowLog ? { slowLog } : {}),
    ...(pings ? { latency: { ...pings, events } } : {}),
    ...(sample ? { sample } : {}),
    unavailable: parts.unavailable,
  }
}

function restartedIn(before: Info, after: Info): boolean {
  return numberIn(after, 'uptime_in_seconds') < numberIn(before, 'uptime_in_seconds')
}

/** `CONFIG GET name` answers name and value; managed servers often refuse it. */
async function setting(connection: RedisConnection, name: string): Promise<string | undefined> {
  const reply = await connection.ask('CONFIG', 'GET', name)
  return Array.isArray(reply) && typeof reply[1] === 'string' ? reply[1] : undefined
}
