/** The drills of caches that the user allowed, one after the other; what cannot be carried out is said and stops nothing. */
import type { CacheDrillName, Drill, Evidence, EvidenceRequest, Workload } from '@whetstone/model'
import { Parts } from '../parts.ts'
import { addressOf, cacheUrls } from '../redis/addresses.ts'
import type { Stand } from '../stand.ts'
import { cacheFailureDrill } from './cache-failure.ts'
import { cacheStampedeDrill } from './cache-stampede.ts'

export interface CacheDrillOptions {
  readonly allowed: readonly CacheDrillName[]
  readonly redisUrl?: string
  readonly workload: Workload
  readonly ratePerSecond: number
  readonly random: () => number
  /** What practices want to know: which kind of key to take away. */
  readonly requests: readonly EvidenceRequest[]
  readonly signal: AbortSignal
}

export interface CacheDrills {
  readonly drills: readonly Drill[]
  readonly warnings: readonly string[]
}

/** The stampede first: after a failure the service may not be what it was. */
export async function cacheDrills(
  stand: Pick<Stand, 'baseUrl' | 'probe'>,
  evidence: Evidence,
  options: CacheDrillOptions,
): Promise<CacheDrills> {
  const { allowed, requests, ...common } = options
  const urls = cacheUrls(options.redisUrl, stand.probe?.cacheClients() ?? [])
  const redisUrl = urls.find(url => !addressOf(url).isMemcached)
  if (redisUrl === undefined)
    return { drills: [], warnings: ['no drill of the cache: no Redis is known; name it with --redis'] }
  const parts = new Parts()
  const { probe, baseUrl } = stand
  const drills: Drill[] = []
  const add = async (name: CacheDrillName, run: () => Promise<Drill | string>): Promise<void> => {
    if (!allowed.includes(name) || options.signal.aborted) return
    const drill = await parts.read(name, undefined, run)
    if (typeof drill === 'string') parts.note(name, drill)
    else if (drill) drills.push(drill)
  }
  const { traces } = evidence
  const asked = requests.find(request => request.kind === 'cache-stampede')
  await add('cache-stampede', async () =>
    probe && traces
      ? await cacheStampedeDrill({
          ...common,
          baseUrl,
          redisUrl,
          probe,
          traces,
          ...(asked ? { keyTemplate: asked.keyTemplate } : {}),
        })
      : 'what the service asks its cache for was not seen',
  )
  await add(
    'cache-failure',
    async () =>
      (await cacheFailureDrill({ ...common, baseUrl, redisUrl })) ?? 'no request is known that is safe to repeat',
  )
  return {
    drills,
    warnings: Object.entries(parts.unavailable).map(([name, why]) => `the drill ${name} was not carried out: ${why}`),
  }
}
