/** Which cache servers to read: the one that was named, or those that the service itself was seen to connect to. */
import type { ProbeCacheClient } from '@whetstone/model'
import { addressOf } from './connect.ts'

const serversMost = 4

/** Pure. What is not on this machine is read only when it was named; a URL that was given stands alone. */
export function cacheUrls(given: string | undefined, seen: readonly ProbeCacheClient[]): readonly string[] {
  if (given !== undefined) return [given]
  const byServer = new Map(seen.flatMap(client => urlOf(client) ?? []).map(url => [serverOf(url), url]))
  return [...byServer.values()].slice(0, serversMost)
}

function urlOf({ client, username, password, tls }: ProbeCacheClient): string | undefined {
  const { driver, mode, host, port, database } = client
  // A socket in the file system, or the talk with sentinels and nodes that stand in for one another.
  if (host.startsWith('/') || mode === 'sentinel') return undefined
  const scheme = driver === 'memjs' ? 'memcached' : tls ? 'rediss' : 'redis'
  const user = password === undefined ? '' : `${encodeURIComponent(username ?? '')}:${encodeURIComponent(password)}@`
  const url = `${scheme}://${user}${host.includes(':') ? `[${host}]` : host}:${port}${database ? `/${database}` : ''}`
  return URL.canParse(url) && addressOf(url).isLocal ? url : undefined
}

function serverOf(url: string): string {
  const { host, port } = addressOf(url)
  return `${host === 'localhost' ? '127.0.0.1' : host}:${port}`
}
