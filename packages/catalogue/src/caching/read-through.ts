/** The same key read, loaded and set by hand in several places: what one of them learns, the others go on doing wrong. */
import {
  type CacheUse,
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  placeText,
  type StatementsEvidence,
  type TracesEvidence,
  type Where,
} from '@whetstone/model'
import { type KeyFamily, keyFamilies } from '../derive/cache-keys.ts'
import { loadingStatements } from '../derive/cached-tables.ts'
import { countText, fact, msText, percentText } from '../derive/figures.ts'

export const readThrough = definePractice({
  id: 'read-through',
  chapter: 'caching',
  title: 'Read-through caching',
  why: 'Each copy of look, load and set has a time to live, a statement and an idea of what a miss is of its own; requests of two of them that miss together load twice, and a correction reaches one.',
  unless: [
    'The places keep different things under one template of keys: then the keys should say so.',
    'One of them fills the cache ahead of time, and the others only read.',
  ],
  sources: [
    'https://docs.aws.amazon.com/whitepapers/latest/database-caching-strategies-using-redis/caching-patterns.html',
    'https://github.com/ben-manes/caffeine/wiki/Population',
  ],
  needs: ['traces', 'statements'],
  thresholds: {
    places: { value: 2, unit: 'count', source: 'the second copy is where they begin to differ' },
    loads: { value: 5, unit: 'count', source: 'in each of the places: what hardly runs is no habit' },
  },
  remedy: {
    summary: 'Give the cache the loader, and let every place ask the cache alone.',
    library: '@whetstone/runtime/cache cached(), or fetchMethod of lru-cache',
    example: {
      language: 'ts',
      before: `// in the page, in the cart and in the search:
const known = await redis.get(key)
const product = known ? JSON.parse(known) : await load(id)
if (!known) await redis.set(key, JSON.stringify(product), 'EX', 60)`,
      after: `// products.ts
export const productOf = id => cache.getOrLoad(\`product:\${id}\`, () => load(id))
// in the page, in the cart and in the search:
const product = await productOf(id)`,
    },
    withRuntime: `import { Cache, cached } from '@whetstone/runtime/cache'
const cache = new Cache({ name: 'users', defaults: { ttlMs: 60_000, negativeTtlMs: 10_000 } })
const find = async (wanted: number) => (await pool.query<User>('SELECT id, name FROM users WHERE id = $1', [wanted])).rows[0]
const userOf = cached<number, User | undefined>({ cache, key: wanted => \`user:\${wanted}\` })(find)
const user = await userOf(id) // one load for all who ask, wherever they ask`,
  },
  detect({ traces, statements }, thresholds) {
    const families = keyFamilies(traces).filter(({ keys }) => keys.loads.loads > 0)
    if (families.length === 0) return notApplicable('no request fills a cache on the network')
    const copies = families.map(family => ({ family, places: fillingPlaces(family, traces, thresholds.loads) }))
    const found = copies.filter(({ places }) => places.length >= thresholds.places)
    if (found.length > 0) return findings(found.map(({ family, places }) => describe(family, places, statements)))
    const [first] = copies
    return pass(
      [fact('places that fill it', first?.places.length ?? 0, 'count', 'traces')],
      `${first?.family.keyTemplate} is filled in one place`,
    )
  },
})

const filling = new Set(['SET', 'SETEX', 'PSETEX', 'HSET', 'HMSET', 'MSET'])

/** Lines that set the key on routes that looked for it and missed, most calls first; a route that writes sets it for another reason. */
function fillingPlaces(
  { keyTemplate, readers }: KeyFamily,
  { cache }: TracesEvidence,
  least: number,
): readonly CacheUse[] {
  const missing = new Set(readers.filter(({ misses }) => misses > 0).map(({ route }) => route))
  const byPlace = new Map<string, CacheUse>()
  for (const use of cache?.uses ?? []) {
    const place = placeText(use.site)
    const isFill = use.keyTemplate === keyTemplate && filling.has(use.command) && missing.has(use.route)
    if (place === undefined || !isFill || use.calls < least) continue
    const known = byPlace.get(place)
    if (!known || known.calls < use.calls) byPlace.set(place, use)
  }
  return [...byPlace.values()].toSorted((a, b) => b.calls - a.calls)
}

function factsOf({ keys, hitFraction }: KeyFamily, places: readonly CacheUse[]): readonly Fact[] {
  const { stampedes, stampedeLoads } = keys.loads
  return [
    fact('places that fill it', places.length, 'count', 'traces'),
    fact('different times to live', keys.ttls.length, 'count', 'traces'),
    fact('hits', hitFraction, 'fraction', 'traces'),
    fact('loads', keys.loads.loads, 'count', 'traces'),
    fact('of them beside another of the same key', stampedeLoads - stampedes, 'count', 'traces'),
  ]
}

function describe(family: KeyFamily, places: readonly CacheUse[], statements: StatementsEvidence): Finding {
  const { keyTemplate, keys } = family
  const [first] = places
  const where: Where = { ...(first?.site ? { site: first.site } : {}), resource: keyTemplate }
  const loading = loadingStatements(keys, statements)
  const ttls = keys.ttls.map(({ ttlMs }) => (ttlMs === null ? 'none' : msText(ttlMs)))
  const spared = keys.loads.stampedeLoads - keys.loads.stampedes
  const [load] = loading
  return {
    fingerprint: fingerprintOf('read-through', where),
    practice: 'read-through',
    title: `${keyTemplate} is looked for, loaded and set by hand in ${countText(places.length)} places`,
    where,
    facts: factsOf(family, places),
    confidence: 'strong',
    ...(load && spared > 0
      ? {
          edit: {
            kind: 'trace' as const,
            change: {
              kind: 'cache' as const,
              statementId: load.id,
              // One loader lets those who miss together wait for one load.
              hitFraction: spared / keys.loads.loads,
              coldHitFraction: spared / keys.loads.loads,
            },
          },
        }
      : {}),
    remedy: {
      summary: `Let one loader fill ${keyTemplate}, and every place ask that.`,
      steps: [
        `It is set at ${places
          .flatMap(({ site }) => placeText(site) ?? [])
          .slice(0, 4)
          .join(', ')}.`,
        ...(ttls.length > 1 ? [`They disagree how long it may live: ${ttls.slice(0, 4).join(', ')}.`] : []),
        ...(loading.length > 1 ? [`They load it by ${countText(loading.length)} different statements.`] : []),
        ...(spared > 0
          ? [
              `${percentText(spared / keys.loads.loads)} of the loads ran beside another of the same key: one loader makes them one.`,
            ]
          : []),
        'What is decided about it from then on, as misses that are remembered, failures and early refresh, is decided once.',
      ],
      code: {
        language: 'ts',
        after: `export const valueOf = id => cache.getOrLoad(\`${keyTemplate.replaceAll(/\{\w+\}/g, '${id}')}\`, () => load(id))`,
      },
    },
  }
}
