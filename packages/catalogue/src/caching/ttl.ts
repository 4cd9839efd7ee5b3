/** Times to live that are too short for what they keep, missing where nothing else removes a key, or equal for all that was set together. */
import {
  ask,
  type CacheKeys,
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type RedisEvidence,
  type RedisServerState,
  type Where,
} from '@whetstone/model'
import { fewerLoads, type KeyFamily, keyFamilies, meanLoadMs, usualTtlMs } from '../derive/cache-keys.ts'
import { hitCurve } from '../derive/cache-simulation.ts'
import { countText, fact, msText, percentText } from '../derive/figures.ts'

const awayWords = 'a cache that is away keeps no answer back'

export const ttl = definePractice({
  id: 'ttl',
  chapter: 'caching',
  title: 'Set sensible TTLs',
  why: 'A time to live is how old an answer may be: shorter than its data changes it only costs loads, without any it fills the memory, and equal for all it brings all loads at once.',
  unless: [
    'An answer may never be older than that, whatever it costs.',
    'The keys are data and not copies of it: what is kept nowhere else must not end.',
  ],
  sources: [
    'https://redis.io/docs/latest/commands/expire/',
    'https://redis.io/docs/latest/develop/reference/eviction/',
    'https://aws.amazon.com/builders-library/caching-challenges-and-strategies/',
  ],
  needs: ['traces'],
  optional: ['redis'],
  thresholds: {
    hitFraction: { value: 0.5, unit: 'fraction', source: 'below it most requests pay for the cache and the origin' },
    reads: { value: 200, unit: 'count', source: 'with fewer the fraction is uncertain by more than 7 points' },
    expiredFraction: { value: 0.5, unit: 'fraction', source: 'of the misses: most of them' },
    refreshes: { value: 20, unit: 'count', source: 'values that were loaded again, to know how often they change' },
    changesPerTtl: {
      value: 0.1,
      unit: 'ratio',
      source: 'an answer is then out of date for a twentieth of its life, where changes come at random',
    },
    withoutTtlFraction: { value: 0.1, unit: 'fraction', source: 'of the keys of the server, in a sample of 1,000' },
    withoutTtl: { value: 100, unit: 'count', source: 'fewer are settings and constants, which do not grow' },
    sameTtlFraction: { value: 0.9, unit: 'fraction', source: 'of the keys set in one second' },
    setsInSecond: { value: 100, unit: 'count', source: 'loads that come together once more when they end' },
  },
  remedy: {
    summary:
      'Let a value live for about a tenth of the time between its changes, and each key a little shorter or longer.',
    example: {
      language: 'ts',
      before: `await redis.set(key, value)              // for ever
await redis.set(other, value, 'EX', 1)   // ends before anybody asks again`,
      after: `const jitter = 0.9 + Math.random() / 5 // what was set together does not end together
await redis.set(key, value, 'PX', Math.round(60_000 * jitter)).catch(() => {}) // ${awayWords}`,
    },
    withRuntime: `import { Cache } from '@whetstone/runtime/cache'

// Each answer lives up to a tenth shorter than ttlMs, so that what was loaded together does not end together.
const cache = new Cache({ name: 'users', defaults: { ttlMs: 60_000, jitterFraction: 0.1 } })
const user = await cache.getOrLoad(\`user:\${id}\`, async () => {
  const { rows } = await pool.query<User>('SELECT id, name FROM users WHERE id = $1', [id])
  return rows[0]
})`,
  },
  detect({ traces, redis }, thresholds) {
    const families = keyFamilies(traces).filter(({ keys }) => keys.sets > 0)
    if (families.length === 0) return notApplicable('no request was seen to set keys of a cache')
    const found = families.flatMap(family => [
      ...tooShort(family, thresholds),
      ...withoutEnd(family, redis, thresholds),
      ...endingTogether(family, thresholds),
    ])
    if (found.length > 0) return findings(found)
    const changing = families.find(family => isOutOfDate(family, thresholds))
    if (changing) return askAbout(changing)
    const [most] = families
    const ttlMs = usualTtlMs(most!.keys)
    return pass(
      [fact('hits', most!.hitFraction, 'fraction', 'traces')],
      typeof ttlMs === 'number'
        ? `${most!.keyTemplate} lives for ${msText(ttlMs)} and answers ${percentText(most!.hitFraction)}`
        : `${most!.keyTemplate} ${ttlMs === null ? 'has no end and ' : ''}answers ${percentText(most!.hitFraction)}`,
    )
  },
})

interface Limits {
  readonly hitFraction: number
  readonly reads: number
  readonly expiredFraction: number
  readonly refreshes: number
  readonly changesPerTtl: number
  readonly withoutTtlFraction: number
  readonly withoutTtl: number
  readonly sameTtlFraction: number
  readonly setsInSecond: number
}

/** Part of the values that were another one when they were loaded again. */
const changedFraction = ({ refreshes, refreshesUnchanged }: CacheKeys): number =>
  refreshes > 0 ? 1 - refreshesUnchanged / refreshes : 0

/** At least so long: two loads of a key are no less than its time to live apart. */
const changeIntervalMs = ({ refreshes, refreshesUnchanged }: CacheKeys, ttlMs: number): number =>
  (refreshes * ttlMs) / Math.max(1, refreshes - refreshesUnchanged)

/** More than an hour nobody can tell from a window of seconds. */
const longestTtlMs = 3_600_000
const roundTtlsMs = [1_000, 2_000, 5_000, 10_000, 30_000, 60_000, 300_000, 900_000, longestTtlMs]

function tooShort(family: KeyFamily, limits: Limits): readonly Finding[] {
  const { keys, reads } = family
  const ttlMs = usualTtlMs(keys)
  if (reads < limits.reads || family.hitFraction >= limits.hitFraction || typeof ttlMs !== 'number') return []
  if (keys.missesBy.expired < keys.misses * limits.expiredFraction || keys.refreshes < limits.refreshes) return []
  const intervalMs = changeIntervalMs(keys, ttlMs)
  const betterMs = roundTtlsMs.findLast(one => one <= intervalMs * limits.changesPerTtl && one >= ttlMs * 2)
  if (betterMs === undefined) return []
  const simulated = keys.reads && hitCurve(keys.reads, [Infinity], betterMs)[0]
  if (simulated && simulated.hitFraction < limits.hitFraction) return []
  const saved = (hitFraction: number) => Math.max(0, 1 - ((1 - hitFraction) * reads) / keys.misses)
  const where = placeOf(family)
  const loadMs = meanLoadMs(keys)
  return [
    {
      fingerprint: fingerprintOf('ttl', where),
      practice: 'ttl',
      title: `${family.keyTemplate} lives for ${msText(ttlMs)} and is loaded again unchanged: ${percentText(family.hitFraction)} hits`,
      where,
      facts: [
        fact('hits', family.hitFraction, 'fraction', 'traces'),
        fact('time to live', ttlMs, 'ms', 'traces'),
        fact('of the misses, keys that had ended', keys.missesBy.expired / keys.misses, 'fraction', 'traces'),
        fact('loads that brought the same value', 1 - changedFraction(keys), 'fraction', 'traces'),
        fact('between two changes of a value, at least', intervalMs, 'ms', 'traces'),
        ...(simulated
          ? [fact('simulated hits, longer time to live', simulated.hitFraction, 'fraction', 'traces')]
          : []),
      ],
      confidence: keys.refreshesUnchanged === keys.refreshes ? 'suspected' : 'strong',
      ...(simulated ? fewerLoads(family, saved(simulated.hitFraction), saved(simulated.coldHitFraction)) : {}),
      remedy: {
        summary: `Let ${family.keyTemplate} live for ${msText(betterMs)}, and delete it where it is changed.`,
        steps: [
          `${countText(keys.refreshes)} values were loaded again, ${countText(keys.refreshes - keys.refreshesUnchanged)} of them had changed.`,
          ...(simulated ? [`Simulated hits by time to live: ${ttlCurve(family, ttlMs, betterMs)}.`] : []),
          ...(loadMs === undefined ? [] : [`Each miss takes ${msText(loadMs)} until its key is set again.`]),
          `An answer is then out of date in at most ${percentText(Math.min(1, betterMs / intervalMs / 2))} of the requests, where changes come at random and nobody deletes it.`,
        ],
        code: {
          language: 'ts',
          before: `await redis.set(key, value, 'PX', ${Math.round(ttlMs)})`,
          after: `await redis.set(key, value, 'PX', Math.round(${betterMs} * (0.9 + Math.random() / 5))).catch(() => {}) // ${awayWords}`,
        },
      },
    },
  ]
}

function ttlCurve({ keys }: KeyFamily, fromMs: number, toMs: number): string {
  const shown = [fromMs, ...roundTtlsMs.filter(one => one > fromMs && one < toMs).slice(-2), toMs]
  return shown
    .map(ttlMs => `${msText(ttlMs)} ${percentText(hitCurve(keys.reads!, [Infinity], ttlMs)[0]!.hitFraction)}`)
    .join(', ')
}

/** Where keys without an end are never evicted, they are only ever added. A store's own data has no loads. */
function withoutEnd(family: KeyFamily, redis: RedisEvidence | undefined, limits: Limits): readonly Finding[] {
  const { keys, keyTemplate } = family
  if (keys.loads.loads === 0 || !keys.ttls.some(({ ttlMs }) => ttlMs === null)) return []
  for (const server of redis?.servers ?? []) {
    const { sample, memory } = server
    if (!sample || !/^noeviction$|^volatile-/.test(memory.policy)) continue
    const endless = sample.keys.filter(key => key.keyTemplate === keyTemplate && key.ttlMs === undefined).length
    const fraction = endless / Math.max(1, sample.keys.length)
    const estimated = sample.complete ? endless : Math.round(fraction * server.keys.total)
    if (fraction < limits.withoutTtlFraction || estimated < limits.withoutTtl) continue
    return [describeEndless(family, server, { fraction, estimated })]
  }
  return []
}

function describeEndless(
  family: KeyFamily,
  server: RedisServerState,
  { fraction, estimated }: { readonly fraction: number; readonly estimated: number },
): Finding {
  const { keyTemplate } = family
  const where = placeOf(family)
  const limit = server.memory.maxBytes === 0 ? 'without a limit' : `under ${server.memory.policy}`
  return {
    fingerprint: fingerprintOf('ttl', where),
    practice: 'ttl',
    title: `About ${countText(estimated)} keys of ${keyTemplate} never end, and the server evicts none of them`,
    where,
    facts: [
      fact('keys without a time to live', estimated, 'count', 'redis'),
      fact('of the keys sampled', fraction, 'fraction', 'redis'),
      fact('keys set in this run', family.keys.sets, 'count', 'traces'),
      fact('memory used', server.memory.usedBytes, 'bytes', 'redis'),
    ],
    confidence: 'strong',
    risk: 'leak',
    remedy: {
      summary: `Give ${keyTemplate} a time to live, or the server the right to evict it.`,
      steps: [
        `The server keeps them ${limit}: they are loaded on a miss, so they are copies, and each key that was ever asked for stays.`,
        'When the memory is full, writes are refused for everybody.',
        `Let the server evict what is asked for least too: maxmemory-policy allkeys-lfu.`,
      ],
      code: {
        language: 'ts',
        before: 'await redis.set(key, value)',
        after: `await redis.set(key, value, 'EX', Math.round(3_600 * (0.9 + Math.random() / 5))).catch(() => {}) // ${awayWords}`,
      },
    },
  }
}

/** Not the trickle of a cache in use, but most of its keys within one second: a warm-up or a batch, which comes back as one. */
function endingTogether(family: KeyFamily, limits: Limits): readonly Finding[] {
  const { keys, keyTemplate } = family
  const busiest = keys.busiestSetSecond
  const ttlMs = usualTtlMs(keys)
  const loadMs = meanLoadMs(keys)
  if (!busiest || busiest.sets < limits.setsInSecond || busiest.sameTtlFraction < limits.sameTtlFraction) return []
  if (busiest.sets < keys.sets / 2 || typeof ttlMs !== 'number' || loadMs === undefined) return []
  const where = placeOf(family)
  return [
    {
      fingerprint: fingerprintOf('ttl', where),
      practice: 'ttl',
      title: `${countText(busiest.sets)} keys of ${keyTemplate} were set in one second, to end in one`,
      where,
      facts: [
        fact('keys set in the busiest second', busiest.sets, 'count', 'traces'),
        fact('of them with the same time to live', busiest.sameTtlFraction, 'fraction', 'traces'),
        fact('of all keys set', busiest.sets / keys.sets, 'fraction', 'traces'),
        fact('time to live', ttlMs, 'ms', 'traces'),
        fact('time of a load', loadMs, 'ms', 'traces'),
      ],
      confidence: 'suspected',
      remedy: {
        summary: 'Let each key live a little shorter or longer.',
        steps: [
          `After ${msText(ttlMs)} they end together, and those that are asked for again are loaded together: ${msText(busiest.sets * loadMs)} of loads.`,
          'A tenth more or less spreads them over a fifth of their time to live.',
        ],
        code: {
          language: 'ts',
          before: `await redis.set(key, value, 'PX', ${Math.round(ttlMs)})`,
          after: `await redis.set(key, value, 'PX', Math.round(${Math.round(ttlMs)} * (0.9 + Math.random() / 5))).catch(() => {}) // ${awayWords}`,
        },
      },
    },
  ]
}

/** Nearly every load brought another value: what was served until then may have been out of date for most of its life. */
function isOutOfDate({ keys }: KeyFamily, limits: Limits): boolean {
  const ttlMs = usualTtlMs(keys)
  return (
    typeof ttlMs === 'number' &&
    ttlMs >= 1_000 &&
    keys.refreshes >= limits.refreshes &&
    changedFraction(keys) >= 0.9 &&
    keys.deletes < keys.refreshes / 2
  )
}

const askAbout = ({ keyTemplate, keys }: KeyFamily) =>
  ask(
    `May ${keyTemplate} be up to ${msText(usualTtlMs(keys) ?? 0)} old? Of ${countText(keys.refreshes)} values loaded again ${countText(keys.refreshes - keys.refreshesUnchanged)} had changed meanwhile.`,
    [fact('loads that brought another value', changedFraction(keys), 'fraction', 'traces')],
  )

const placeOf = (family: KeyFamily): Where => ({
  ...(family.route ? { route: family.route } : {}),
  ...(family.site ? { site: family.site } : {}),
  resource: family.keyTemplate,
})
