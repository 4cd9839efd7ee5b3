/** Many requests that load the same key at the same time because it just went away: seen under load, or shown by a drill. */
import {
  type CacheStampedeDrill,
  definePractice,
  type DrillsEvidence,
  type EvidenceRequest,
  type Finding,
  findings,
  fingerprintOf,
  investigate,
  notApplicable,
  pass,
  type Where,
} from '@whetstone/model'
import { hotRatePerSecond, type KeyFamily, keyFamilies, meanLoadMs } from '../derive/cache-keys.ts'
import { countText, fact, msText, percentText } from '../derive/figures.ts'

export const cacheStampede = definePractice({
  id: 'cache-stampede',
  chapter: 'caching',
  title: 'Avoid cache stampede',
  why: 'When a hot key ends, every request that comes until it is loaded again loads it too: the database gets the same work many times over, just when it is slowest.',
  unless: [
    'The load is as cheap as the lookup.',
    'The keys are so many and so evenly asked for that hardly two requests meet.',
  ],
  sources: [
    'https://dl.acm.org/doi/10.14778/2757807.2757813',
    'https://www.usenix.org/conference/nsdi13/technical-sessions/presentation/nishtala',
  ],
  needs: ['traces'],
  optional: ['drills'],
  thresholds: {
    concurrentLoads: { value: 3, unit: 'count', source: 'of one key at the same time: two may meet by chance' },
    wastedFraction: { value: 0.1, unit: 'fraction', source: 'of all loads of these keys, done for nobody' },
    loadMs: { value: 5, unit: 'ms', source: 'a load that is shorter is over before the next request comes' },
    outageLoads: { value: 20, unit: 'count', source: 'twice what a pool of ten connections does at once' },
  },
  remedy: {
    summary: 'Let one request load the key and the others wait for it, and load hot keys before they end.',
    example: {
      language: 'ts',
      before: `const known = await redis.get(key)
if (known) return JSON.parse(known)
const value = await load(id) // all who miss at the same time do this
await redis.set(key, JSON.stringify(value), 'EX', 60)`,
      after: `const flights = new Map() // at the top of the module: made in a handler it would be empty for every request

const known = await redis.get(key).catch(() => null)
if (known) return JSON.parse(known)
const flight = flights.get(key) ?? load(id).finally(() => flights.delete(key))
flights.set(key, flight)
const value = await flight // one load for all of this process
await redis.set(key, JSON.stringify(value), 'EX', Math.round(60 * (0.9 + Math.random() / 5))).catch(() => {})`,
    },
    withRuntime: `import { Cache } from '@whetstone/runtime/cache'

// One load a key for all who wait; before its end it is loaded anew behind one caller (XFetch), and past its end the old answer is served meanwhile.
const cache = new Cache({ name: 'users', defaults: { ttlMs: 60_000, staleWhileRevalidateMs: 60_000 } })
const user = await cache.getOrLoad(\`user:\${id}\`, async () => {
  const { rows } = await pool.query<User>('SELECT id, name FROM users WHERE id = $1', [id])
  return rows[0]
})`,
  },
  detect({ traces, drills }, thresholds) {
    const families = keyFamilies(traces).filter(({ keys }) => keys.loads.loads > 0)
    const drilled = stampedeDrills(drills)
    if (families.length === 0 && drilled.length === 0) return notApplicable('no request was seen to fill a cache')
    const shown = drilled.flatMap(drill => judgeDrill(drill, families, thresholds))
    const known = new Set(drilled.map(({ keyTemplate }) => keyTemplate))
    const others = families.filter(({ keyTemplate }) => !known.has(keyTemplate))
    const seen = others.flatMap(family => judgeLoads(family, thresholds))
    const found = [...shown, ...seen]
    const wanted = drilled.length > 0 || found.length > 0 ? [] : requestsFor(others, thresholds)
    if (wanted.length > 0) return investigate(wanted)
    if (found.length > 0) return findings(found)
    const most = Math.max(1, ...families.map(({ keys }) => keys.loads.maxConcurrent), ...drilled.map(mostLoads))
    return pass(
      [fact('loads of one key at the same time', most, 'count', 'traces')],
      drilled.length > 0
        ? `a key that was taken away was loaded ${most === 1 ? 'once' : `${countText(most)} times`}`
        : most === 1
          ? 'no two requests were seen to load one key at a time; --drill cache-stampede takes one away'
          : `at most ${countText(most)} requests loaded one key at a time`,
    )
  },
})

interface Limits {
  readonly concurrentLoads: number
  readonly wastedFraction: number
  readonly loadMs: number
  readonly outageLoads: number
}

const stampedeDrills = (drills: DrillsEvidence | undefined): readonly CacheStampedeDrill[] =>
  (drills?.drills ?? []).filter(drill => drill.kind === 'cache-stampede')

const mostLoads = ({ rounds }: CacheStampedeDrill): number => Math.max(0, ...rounds.map(({ loads }) => loads))

/** Of the hottest one: so many requests come while it is loaded that taking it away would show. */
function requestsFor(families: readonly KeyFamily[], limits: Limits): readonly EvidenceRequest[] {
  const expected = families
    .map(({ keyTemplate, keys }) => {
      const loadMs = meanLoadMs(keys) ?? 0
      return { keyTemplate, loadMs, together: (hotRatePerSecond(keys) * loadMs) / 1_000 }
    })
    .filter(({ loadMs, together }) => loadMs >= limits.loadMs && together >= limits.concurrentLoads)
    .toSorted((a, b) => b.together - a.together)
  return expected.slice(0, 1).map(({ keyTemplate }) => ({ kind: 'cache-stampede', keyTemplate }))
}

function judgeLoads(family: KeyFamily, limits: Limits): readonly Finding[] {
  const { loads } = family.keys
  const wasted = loads.stampedeLoads - loads.stampedes
  const loadMs = meanLoadMs(family.keys) ?? 0
  if (loads.maxConcurrent < limits.concurrentLoads || loadMs < limits.loadMs) return []
  if (wasted < loads.loads * limits.wastedFraction) return []
  const where = placeOf(family.keyTemplate, family)
  return [
    {
      fingerprint: fingerprintOf('cache-stampede', where),
      practice: 'cache-stampede',
      title: `Up to ${countText(loads.maxConcurrent)} requests load the same key of ${family.keyTemplate} at the same time`,
      where,
      facts: [
        fact('loads of one key at the same time', loads.maxConcurrent, 'count', 'traces'),
        fact('loads beyond the first', wasted, 'count', 'traces'),
        fact('of all loads of these keys', wasted / loads.loads, 'fraction', 'traces'),
        fact('time of a load', loadMs, 'ms', 'traces'),
        fact('the longest load', loads.maxMs, 'ms', 'traces'),
      ],
      confidence: 'strong',
      ...(loads.maxConcurrent >= limits.outageLoads ? { risk: 'outage' as const } : {}),
      remedy: remedyFor(family.keyTemplate, [
        `${percentText(wasted / loads.loads)} of the loads of ${family.keyTemplate} were made for a key that was being loaded already.`,
        ...timesText(family),
      ]),
    },
  ]
}

function judgeDrill(drill: CacheStampedeDrill, families: readonly KeyFamily[], limits: Limits): readonly Finding[] {
  const most = mostLoads(drill)
  if (most < limits.concurrentLoads) return []
  const { keyTemplate, usual, afterwards, rounds, ratePerSecond } = drill
  const family = families.find(one => one.keyTemplate === keyTemplate)
  const where = placeOf(keyTemplate, family)
  const spike = usual.p99Ms > 0 ? afterwards.p99Ms / usual.p99Ms : 1
  const isOutage = most >= limits.outageLoads || afterwards.errors > usual.errors
  return [
    {
      fingerprint: fingerprintOf('cache-stampede', where),
      practice: 'cache-stampede',
      title: `One key of ${keyTemplate} went away and was loaded ${countText(most)} times`,
      where,
      facts: [
        fact('loads of the key', most, 'count', 'drills'),
        fact('times it was taken away', rounds.length, 'count', 'drills'),
        fact('requests', ratePerSecond, 'per-second', 'drills'),
        fact('p99 as usual', usual.p99Ms, 'ms', 'drills'),
        fact('p99 in the second after', afterwards.p99Ms, 'ms', 'drills'),
        fact('errors in the second after', afterwards.errors, 'count', 'drills'),
      ],
      confidence: 'measured',
      ...(isOutage ? { risk: 'outage' as const } : {}),
      remedy: remedyFor(keyTemplate, [
        `Taken away ${countText(rounds.length)} times under ${countText(ratePerSecond)} requests a second, it was loaded ${rounds.map(({ loads }) => countText(loads)).join(', ')} times; the p99 ${spike > 1 ? `was then ${countText(spike)} times as long` : 'stayed as it was'}.`,
        ...(family ? timesText(family) : []),
      ]),
    },
  ]
}

function placeOf(keyTemplate: string, family: KeyFamily | undefined): Where {
  const site = family?.keys.loads.site ?? family?.site
  return {
    ...(family?.route ? { route: family.route } : {}),
    ...(site ? { site } : {}),
    resource: keyTemplate,
  }
}

function timesText({ keys }: KeyFamily): readonly string[] {
  const rate = hotRatePerSecond(keys)
  const loadMs = meanLoadMs(keys)
  if (rate === 0 || loadMs === undefined) return []
  return [`Its hottest key is read ${countText(rate)} times a second and takes ${msText(loadMs)} to load.`]
}

const remedyFor = (keyTemplate: string, steps: readonly string[]): Finding['remedy'] => ({
  summary: `Load each key of ${keyTemplate} once for all who wait for it.`,
  steps: [
    ...steps,
    'Keep the promise of the load under its key, in each process: in a Map at the top of the module, because one that is made in the handler is empty for every request; across processes a lease in Redis (SET NX PX) lets one of them load.',
    'Serve the old value while it is loaded anew, and let the time to live of each key differ a little.',
  ],
  code: {
    language: 'ts',
    before: 'const value = await load(id)',
    after: `// at the top of the module: made in a handler it would be empty for every request
const flights = new Map()
// where the key is loaded; load() also sets it, and ends that in .catch(() => {}):
const flight = flights.get(key) ?? load(id).finally(() => flights.delete(key))
flights.set(key, flight)
const value = await flight`,
  },
})
