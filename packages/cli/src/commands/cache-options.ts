/** What `diagnose` is told about the cache of a service: which server to read. */
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { assertThisMachine, type SafetyOptions } from './safety.ts'

export interface CacheOptions extends SafetyOptions {
  readonly redis?: string
}

export function addCacheOptions(command: Command): Command {
  return command.option(
    '--redis <url>',
    'Redis (redis:// or rediss://) or memcached:// to read counters, slow log and a sample of keys from (default $WHETSTONE_REDIS_URL, else what the service is seen to connect to on this machine)',
  )
}

/** The cache to read, from the flag or the environment. @throws WhetstoneError WHET_FOREIGN_HOST, WHET_URL */
export function redisOf(options: CacheOptions, { env }: CommandContext): string | undefined {
  const url = options.redis ?? (env['WHETSTONE_REDIS_URL'] || undefined)
  if (url !== undefined) assertThisMachine(url, 'cache', options)
  return url
}
