/** Packages that keep answers, as a project's dependencies name them: whether a service has a cache at all, and one that its processes share. */
import type { SourceEvidence, TracesEvidence } from '@whetstone/model'

/** Clients of servers that processes share. */
const shared = ['ioredis', 'redis', '@redis/client', 'iovalkey', '@valkey/valkey-glide', 'memjs', 'memcached']

const inProcess = [
  'lru-cache',
  'quick-lru',
  'tiny-lru',
  'flru',
  'node-cache',
  'cache-manager',
  '@nestjs/cache-manager',
  'keyv',
  'cacheable',
  'bentocache',
  'async-cache-dedupe',
  '@epic-web/cachified',
  'cachified',
  'catbox',
  '@hapi/catbox',
  'apicache',
  '@fastify/caching',
  'memoizee',
  'p-memoize',
  'lru-memoizer',
  '@isaacs/ttlcache',
]

/** The first package of the project that keeps answers; undefined where there is none. */
export function cacheLibraryOf(source: SourceEvidence | undefined): string | undefined {
  return [...inProcess, ...shared].find(name => source?.dependencies[name] !== undefined)
}

/** `127.0.0.1:6379`, or the package of a client: a cache that the service can reach already. */
export function sharedCacheOf(traces: TracesEvidence, source: SourceEvidence | undefined): string | undefined {
  const [server] = traces.cache?.servers ?? []
  if (server) return `${server.driver === 'memjs' ? 'Memcached' : 'Redis'} at ${server.host}:${server.port}`
  const client = shared.find(name => source?.dependencies[name] !== undefined)
  return client && `the server behind ${client}`
}
