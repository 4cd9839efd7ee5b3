/** Where cache servers are: as a URL says it, and which of them to read, the one that was named or those that the service itself was seen to connect to. */
import type { ProbeCacheClient } from '@whetstone/model'

export interface CacheAddress {
  readonly host: string
  readonly port: number
  readonly isTls: boolean
  readonly isMemcached: boolean
  readonly isLocal: boolean
  readonly username?: string
  readonly password?: string
  readonly database: number
}

const localHost = /^(?:localhost|127(?:\.\d+){3}|::1)$/i

/** `redis://`, `rediss://` or `memcached://`. @throws Error for anything else */
export function addressOf(url: string): CacheAddress {
  const parsed = URL.canParse(url) ? new URL(url) : undefined
  const [, kind] = /^(rediss?|memcached):$/.exec(parsed?.protocol ?? '') ?? []
  if (parsed === undefined || kind === undefined)
    throw new Error('it is no URL of a cache, such as redis://127.0.0.1:6379')
  const isMemcached = kind === 'memcached'
  const host = parsed.hostname.replace(/^\[(.*)\]$/, '$1') || '127.0.0.1'
  return {
    host,
    port: Number(parsed.port || (isMemcached ? 11_211 : 6_379)),
    isTls: kind === 'rediss',
    isMemcached,
    isLocal: localHost.test(host),
    ...(parsed.username ? { username: decodeURIComponent(parsed.username) } : {}),
    ...(parsed.password ? { password: decodeURIComponent(parsed.password) } : {}),
    database: Number(/^\/(\d+)$/.exec(parsed.pathname)?.[1] ?? 0),
  }
}

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
