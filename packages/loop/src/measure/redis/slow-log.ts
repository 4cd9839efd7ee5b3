/** The slow log of the window: which commands, on keys of which kind; their other arguments are never read. */
import type { RedisLatency, RedisSlowEntry, RedisSlowLog } from '@whetstone/model'
import { keyTemplate } from '@whetstone/probe/key-template'
import { clientName, type RedisConnection } from './connect.ts'
import type { Reply } from './resp.ts'

const entriesRead = '128'
const entriesTold = 50

/** Of the newest entry; -1 where there is none. */
export async function lastSlowId(connection: RedisConnection): Promise<number> {
  const [entry] = listOf(await connection.ask('SLOWLOG', 'GET', '1'))
  return Number(listOf(entry)[0] ?? -1)
}

export async function slowLogSince(
  connection: RedisConnection,
  lastId: number,
  thresholdMicroseconds: number,
): Promise<RedisSlowLog> {
  const entries = listOf(await connection.ask('SLOWLOG', 'GET', entriesRead))
  return {
    thresholdMs: thresholdMicroseconds / 1_000,
    entries: entries
      .flatMap(entry => slowEntry(listOf(entry), lastId) ?? [])
      .toSorted((a, b) => b.durationMs - a.durationMs)
      .slice(0, entriesTold),
  }
}

/** `[id, seconds, µs, [command, …], address, name of the client]`. */
function slowEntry(
  [id, seconds, microseconds, words, , name]: readonly Reply[],
  lastId: number,
): RedisSlowEntry | undefined {
  if (Number(id) <= lastId || name === clientName) return undefined
  const [command, key, ...others] = listOf(words).map(String)
  if (command === undefined) return undefined
  return {
    command: command.toUpperCase(),
    keyTemplate: key === undefined || keyless.has(command.toUpperCase()) ? '' : keyTemplate(key),
    arguments: (key === undefined ? 0 : 1) + others.length,
    durationMs: Number(microseconds) / 1_000,
    atMs: Number(seconds) * 1_000,
  }
}
const keyless = new Set(
  'KEYS SCAN EVAL EVALSHA FCALL INFO CONFIG FLUSHALL FLUSHDB DEBUG PSYNC REPLCONF SAVE BGSAVE AUTH HELLO'.split(' '),
)

/** `[event, seconds, latest, most]` of those since the moment of the server's clock, which it tells in whole seconds; empty unless the server was told to watch. */
export async function latencyEvents(connection: RedisConnection, sinceMs: number): Promise<RedisLatency['events']> {
  return listOf(await connection.ask('LATENCY', 'LATEST')).flatMap(entry => {
    const [event, seconds, latestMs, maxMs] = listOf(entry)
    if (Number(seconds) < Math.floor(sinceMs / 1_000)) return []
    return [{ event: String(event), latestMs: Number(latestMs), maxMs: Number(maxMs) }]
  })
}

function listOf(reply: Reply | undefined): readonly Reply[] {
  return Array.isArray(reply) ? (reply as readonly Reply[]) : []
}
