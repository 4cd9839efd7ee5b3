/** The counters of caches as OpenMetrics text, for Prometheus and whatever else reads that. */
import type { CacheCounts } from '../core/options.ts'
import type { TopKeys } from './top-keys.ts'

/** What of a cache the text is made of: a `Cache` is one. */
export interface MeasuredCache {
  readonly name: string
  readonly size: number
  readonly counts: CacheCounts
}

/** A cache of which the keys asked for most are told too. */
export interface WatchedCache {
  readonly cache: MeasuredCache
  /**
   * Of this cache alone: `watchTopKeys({ cache: 'users' })`. At most 20 keys, as they are: not where one names a person. Each that comes among
   * them is one series more for who stores them.
   */
  readonly topKeys: TopKeys
}

/** To be sent with the text. */
export const openMetricsContentType = 'application/openmetrics-text; version=1.0.0; charset=utf-8'

const mostTopKeys = 20

type Samples = readonly (readonly [label: string | undefined, value: number])[]

interface Family {
  readonly name: string
  readonly type: 'counter' | 'gauge'
  readonly unit?: 'seconds'
  readonly help: string
  /** Of the second label. Default `outcome`. */
  readonly label?: 'outcome' | 'key'
  /** By the value of the second label, where there is one; undefined for the family's one number. */
  readonly samples: (cache: MeasuredCache, topKeys: TopKeys | undefined) => Samples
}

const families: readonly Family[] = [
  {
    name: 'whetstone_cache_requests',
    type: 'counter',
    help: 'Calls by what they met. One that waited and was served stale counts as both.',
    samples: ({ counts: { hit, early, stale, miss } }) => Object.entries({ hit, early, stale, miss }),
  },
  {
    name: 'whetstone_cache_coalesced',
    type: 'counter',
    help: 'Misses that found their load under way.',
    samples: ({ counts }) => [[undefined, counts.coalesced]],
  },
  {
    name: 'whetstone_cache_loads',
    type: 'counter',
    help: 'Keys that the origin was asked for.',
    samples: ({ counts }) => [[undefined, counts.loads]],
  },
  {
    name: 'whetstone_cache_failed_loads',
    type: 'counter',
    help: 'Loads that ended without an answer.',
    samples: ({ counts }) => [[undefined, counts.failedLoads]],
  },
  {
    name: 'whetstone_cache_load_seconds',
    type: 'counter',
    unit: 'seconds',
    help: 'Time spent in loads.',
    samples: ({ counts }) => [[undefined, counts.loadMs / 1_000]],
  },
  {
    name: 'whetstone_cache_evicted',
    type: 'counter',
    help: 'Entries that left memory for want of room.',
    samples: ({ counts }) => [[undefined, counts.evicted]],
  },
  {
    name: 'whetstone_cache_entries',
    type: 'gauge',
    help: 'Entries in memory.',
    samples: ({ size }) => [[undefined, size]],
  },
  {
    name: 'whetstone_cache_tier_requests',
    type: 'counter',
    help: 'Misses of memory by what the shared tier made of them: answered, failed, or not asked because it had failed.',
    samples: ({ counts }) => [
      ['hit', counts.tierHit],
      ['failed', counts.tierFailed],
      ['skipped', counts.tierSkipped],
    ],
  },
  {
    name: 'whetstone_cache_pending_invalidations',
    type: 'gauge',
    help: 'Invalidations that the shared tier or other processes have not been told of yet.',
    samples: ({ counts }) => [[undefined, counts.pendingInvalidations]],
  },
]

/** Told where it is watched; whoever keeps so many series says so. */
const topKeyRequests: Family = {
  name: 'whetstone_cache_top_key_requests',
  type: 'counter',
  help: 'Of the keys asked for most: how often, at most.',
  label: 'key',
  samples: (_, topKeys) => topKeys?.top(mostTopKeys).map(({ key, count }) => [key, count]) ?? [],
}

/**
 * ```ts
 * const topKeys = watchTopKeys({ cache: 'prices' })
 * server.get('/metrics', (_, reply) => reply.type(openMetricsContentType).send(openMetrics(users, { cache: prices, topKeys })))
 * ```
 * @param caches with names of their own
 * @throws RangeError for two of one name: their numbers would be one series
 */
export function openMetrics(...measured: readonly (MeasuredCache | WatchedCache)[]): string {
  const watched = measured.map(one => ('topKeys' in one ? one : { cache: one, topKeys: undefined }))
  const caches = watched.map(({ cache }) => cache)
  const twice = caches.find(({ name }, index) => caches.findIndex(other => other.name === name) !== index)
  if (twice !== undefined) throw new RangeError(`two caches are named ${twice.name}: give each a name of its own`)
  const told = watched.some(({ topKeys }) => topKeys !== undefined) ? [...families, topKeyRequests] : families
  return `${told.map(family => textOf(family, watched)).join('')}# EOF\n`
}

function textOf(
  { name, type, unit, help, label = 'outcome', samples }: Family,
  watched: readonly { readonly cache: MeasuredCache; readonly topKeys: TopKeys | undefined }[],
): string {
  const head = [`# TYPE ${name} ${type}`, ...(unit ? [`# UNIT ${name} ${unit}`] : []), `# HELP ${name} ${help}`]
  const sampleName = type === 'counter' ? `${name}_total` : name
  const lines = watched.flatMap(({ cache, topKeys }) =>
    samples(cache, topKeys).map(([named, value]) => {
      const labels = [
        `cache="${escaped(cache.name)}"`,
        ...(named === undefined ? [] : [`${label}="${escaped(named)}"`]),
      ]
      return `${sampleName}{${labels.join(',')}} ${value}`
    }),
  )
  return [...head, ...lines].map(line => `${line}\n`).join('')
}

function escaped(label: string): string {
  return label.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n')
}
