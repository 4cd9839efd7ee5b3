/** What `diagnose` is told about the cache of a service: which server to read, and what of it may be broken on purpose. */
import { type CacheDrillName, WhetstoneError } from '@whetstone/model'
import type { Command } from 'commander'
import type { CommandContext } from '../context.ts'
import { assertThisMachine, type SafetyOptions } from './safety.ts'

export interface CacheOptions extends SafetyOptions {
  readonly redis?: string
  readonly drill: readonly CacheDrillName[]
}

export function addCacheOptions(command: Command): Command {
  return command
    .option(
      '--redis <url>',
      'Redis (redis:// or rediss://) or memcached:// to read counters, slow log and a sample of keys from (default $WHETSTONE_REDIS_URL, else what the service is seen to connect to on this machine)',
    )
    .option(
      '--drill <name>',
      `break its Redis on this machine on purpose, after everything else is measured: cache-failure stops it for 5 s, cache-stampede takes a hot key away (repeatable)`,
      drillName,
      [],
    )
}

const drills: readonly string[] = ['cache-failure', 'cache-stampede'] satisfies CacheDrillName[]

function drillName(text: string, earlier: readonly CacheDrillName[]): CacheDrillName[] {
  if (drills.includes(text)) return [...new Set([...earlier, text as CacheDrillName])]
  throw new WhetstoneError('WHET_FLAG', `--drill is '${text}'; it must be one of ${drills.join(', ')}`)
}

/** The cache to read, from the flag or the environment. @throws WhetstoneError WHET_FOREIGN_HOST, WHET_URL */
export function redisOf(options: CacheOptions, { env }: CommandContext): string | undefined {
  const url = options.redis ?? (env['WHETSTONE_REDIS_URL'] || undefined)
  if (url !== undefined) assertThisMachine(url, 'cache', options)
  return url
}
