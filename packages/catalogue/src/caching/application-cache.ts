/** Keys that one process fetches from a cache on the network many times a second and that hardly change: what a copy in the process would answer. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  type HotKey,
  notApplicable,
  pass,
  type TracesEvidence,
} from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { type KeyFamily, keyFamilies, rateOf } from '../derive/cache-keys.ts'
import { hitCurve } from '../derive/cache-simulation.ts'
import { bytesText, countText, fact, msText, percentText } from '../derive/figures.ts'
import { readRoutes } from '../derive/routes.ts'

export const applicationCache = definePractice({
  id: 'application-cache',
  chapter: 'caching',
  title: 'Application-level (in-process) cache',
  why: 'A cache on the network answers within a round trip and hands over bytes that must be parsed; what hardly changes and is asked for all the time is free once it lies in the process.',
  unless: [
    'No answer may be older than the last write, not by a second: then the copies need a bus that tells them.',
    'The values are so large or so many that they do not fit into the memory of each process.',
    'A Map without a bound is no cache: what it keeps for ever is reported as memory growth, where the run is long enough to show it.',
  ],
  sources: [
    'https://redis.io/docs/latest/develop/reference/client-side-caching/',
    'https://www.usenix.org/conference/nsdi13/technical-sessions/presentation/nishtala',
  ],
  needs: ['traces'],
  thresholds: {
    readsPerSecond: {
      value: 50,
      unit: 'per-second',
      source: 'of one key by one process: a copy for a second saves 49 of 50',
    },
    changesPerSecond: {
      value: 1,
      unit: 'per-second',
      source: 'a copy that lives for a second is otherwise mostly wrong',
    },
    watchedMs: { value: 3_000, unit: 'ms', source: 'a shorter burst says nothing of changes' },
    nearTtlMs: { value: 1_000, unit: 'ms', source: 'an age that next to nobody notices' },
    hitFraction: { value: 0.5, unit: 'fraction', source: 'below it most requests ask both caches' },
    routeFraction: { value: 0.05, unit: 'fraction', source: 'of the time of the route: all that it can save' },
  },
  remedy: {
    summary: 'Keep what is hot for about a second in each process, in front of the shared cache.',
    library: 'the Cache of @whetstone/runtime/cache',
    example: {
      language: 'ts',
      before: `const settings = JSON.parse(await redis.get('settings')) // fetched and parsed for every request`,
      after: `const near = new LRUCache({ max: 1_000, ttl: 1_000 }) // at the top of the module; bounded, and old by a second at most
const settings = near.get('settings') ?? JSON.parse(await redis.get('settings'))
near.set('settings', settings)`,
    },
    withRuntime: `import { Cache } from '@whetstone/runtime/cache'

// In front of Redis: fetched and parsed once a second, for all who ask meanwhile.
const near = new Cache({ name: 'users near', maxEntries: 1_000, defaults: { ttlMs: 1_000 } })
const userOf = (redis: { get(key: string): Promise<string | null> }) =>
  near.getOrLoad(\`user:\${id}\`, async () => {
    const known = await redis.get(\`user:\${id}\`)
    return known === null ? undefined : (JSON.parse(known) as User)
  })`,
  },
  detect({ traces }, thresholds) {
    const families = keyFamilies(traces)
    if (families.length === 0) return notApplicable('no cache on the network is read')
    const judged = families.map(family => judge(family, traces, thresholds))
    const found = judged.filter(
      near =>
        near.hot.length > 0 &&
        near.hitFraction >= thresholds.hitFraction &&
        near.routeFraction >= thresholds.routeFraction,
    )
    if (found.length > 0) return findings(found.map(near => describe(near, thresholds)))
    const [most] = judged.toSorted((a, b) => b.hitFraction - a.hitFraction)
    return pass(
      [
        fact('hits of a copy in the process', most!.hitFraction, 'fraction', 'traces'),
        fact('of the time of the route', most!.routeFraction, 'fraction', 'traces'),
      ],
      `a copy in the process would not pay here: ${refusal(most!, thresholds)}`,
    )
  },
})

interface Limits {
  readonly readsPerSecond: number
  readonly changesPerSecond: number
  readonly watchedMs: number
  readonly nearTtlMs: number
  readonly hitFraction: number
  readonly routeFraction: number
}

interface Near {
  readonly family: KeyFamily
  /** Hottest first. */
  readonly hot: readonly HotKey[]
  readonly hitFraction: number
  readonly coldHitFraction: number
  /** Of the time of the routes that read it, what its reads take. */
  readonly routeFraction: number
}

/** Entries of the copy: what is hot is few. */
const nearEntries = 1_000

function judge(family: KeyFamily, traces: TracesEvidence, limits: Limits): Near {
  const hot = family.keys.hot.filter(key => isHot(key, limits)).toSorted((a, b) => rateOf(b) - rateOf(a))
  // Each process has its own copy: reads of several were mixed, and only what is known of each key holds for each.
  const isOne = new Set(family.keys.hot.map(({ pid }) => pid)).size === 1
  const simulated = isOne
    ? family.keys.reads && hitCurve(family.keys.reads, [nearEntries], limits.nearTtlMs)[0]
    : undefined
  const hotHits = hot.reduce(
    (sum, key) => sum + Math.max(0, key.reads - (key.toMs - key.fromMs) / limits.nearTtlMs - 1),
    0,
  )
  const hotFraction = Math.min(1, hotHits / family.reads)
  return {
    family,
    hot,
    hitFraction: simulated?.hitFraction ?? hotFraction,
    coldHitFraction: simulated?.coldHitFraction ?? hotFraction,
    routeFraction: routeFractionOf(family, traces),
  }
}

function isHot(key: HotKey, limits: Limits): boolean {
  const watchedMs = key.toMs - key.fromMs
  if (watchedMs < limits.watchedMs || rateOf(key) < limits.readsPerSecond) return false
  return (key.valueChanges * 1_000) / watchedMs < limits.changesPerSecond
}

function routeFractionOf({ readers }: KeyFamily, traces: TracesEvidence): number {
  const routes = readRoutes(traces)
  const readMs = readers.reduce((sum, { duration }) => sum + duration.sum / 1_000, 0)
  const totalMs = [...new Set(readers.map(({ route }) => route))].reduce(
    (sum, route) => sum + (routes.get(route)?.totalMs ?? 0),
    0,
  )
  return totalMs > 0 ? Math.min(1, readMs / totalMs) : 0
}

function refusal({ family, hot, hitFraction, routeFraction }: Near, limits: Limits): string {
  const { keyTemplate } = family
  if (hot.length === 0)
    return `no key of ${keyTemplate} is read ${countText(limits.readsPerSecond)} times a second by one process without changing`
  if (hitFraction < limits.hitFraction)
    return `${percentText(hitFraction)} of the reads of ${keyTemplate} ask for a key again within ${msText(limits.nearTtlMs)}`
  return `the reads of ${keyTemplate} take ${percentText(routeFraction)} of the time of their routes`
}

function describe({ family, hot, hitFraction, coldHitFraction, routeFraction }: Near, limits: Limits): Finding {
  const { keyTemplate, route, site, readers } = family
  const [hottest] = hot
  const where = { ...(route ? { route } : {}), ...(site ? { site } : {}), resource: keyTemplate }
  const getMs = p50Ms(readers)
  const bytes = hot.reduce((most, { valueBytes }) => Math.max(most, valueBytes), 0)
  return {
    fingerprint: fingerprintOf('application-cache', where),
    practice: 'application-cache',
    title: `One key of ${keyTemplate} is fetched ${countText(rateOf(hottest!))} times a second and hardly changes`,
    where,
    facts: [
      fact('reads of one key by one process', rateOf(hottest!), 'per-second', 'traces'),
      fact('changes of its value', hottest!.valueChanges, 'count', 'traces'),
      fact('simulated hits of a copy in the process', hitFraction, 'fraction', 'traces'),
      fact('time of a read, p50', getMs, 'ms', 'traces'),
      fact('of the time of the route', routeFraction, 'fraction', 'traces'),
      fact('bytes of a value', bytes, 'bytes', 'traces'),
    ],
    confidence: 'strong',
    edit: {
      kind: 'trace',
      change: { kind: 'near-cache', keyTemplate, hitFraction, coldHitFraction },
      ...(route ? { route } : {}),
    },
    remedy: {
      summary: `Keep ${keyTemplate} in the process for ${msText(limits.nearTtlMs)}, in front of the shared cache.`,
      steps: [
        `${percentText(hitFraction)} of ${countText(family.reads)} reads would not leave the process; each takes ${msText(getMs)} and brings ${bytesText(bytes)} to parse.`,
        'Keep the parsed value, bounded by number, and never longer than the shared cache keeps it.',
        `Another process sees a change up to ${msText(limits.nearTtlMs)} later; publish the key where it is written, and nobody waits for that.`,
      ],
      code: {
        language: 'ts',
        before: 'const value = JSON.parse(await redis.get(key))',
        after: `// at the top of the module: made in a handler it would be empty for every request
const near = new LRUCache({ max: 1_000, ttl: ${limits.nearTtlMs} })
// where it is read:
const value = near.get(key) ?? JSON.parse(await redis.get(key))
near.set(key, value)`,
      },
    },
  }
}

/** Of all commands that read it. */
function p50Ms(readers: KeyFamily['readers']): number {
  const all = new Histogram()
  for (const { duration } of readers) all.merge(Histogram.fromJSON(duration))
  return all.quantile(0.5) / 1_000
}
