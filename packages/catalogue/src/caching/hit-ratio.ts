/** Caches that answer too few of the reads because they have no room, or do not remember that there is nothing: told from those that only start. */
import {
  definePractice,
  type Finding,
  type FindingRemedy,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type RedisEvidence,
  type RedisServerState,
} from '@whetstone/model'
import { fewerLoads, type KeyFamily, keyFamilies, meanLoadMs } from '../derive/cache-keys.ts'
import { bytesText, countText, fact, msText, percentText } from '../derive/figures.ts'
import { type MemoryCaches, memoryCaches } from '../derive/memory-caches.ts'

export const hitRatio = definePractice({
  id: 'hit-ratio',
  chapter: 'caching',
  title: 'Track the hit ratio of every cache',
  why: 'A miss costs the lookup, the load and the write: a cache that answers too little makes the service slower than none, and nobody notices unless its hits are counted.',
  unless: [
    'The keys of the load are not those of real users; try it with recorded traffic first.',
    'The cache has just been emptied or deployed: the first reads of every key are misses in any cache.',
    'The keys are no cache: sessions of strangers, locks and markers are often asked for and rightly absent.',
  ],
  sources: [
    'https://redis.io/docs/latest/develop/reference/eviction/',
    'https://www.usenix.org/conference/fast15/technical-sessions/presentation/waldspurger',
  ],
  needs: ['traces'],
  optional: ['redis', 'counters'],
  thresholds: {
    hitFraction: { value: 0.8, unit: 'fraction', source: 'the roadmap: below 80 % a cache wants a look' },
    reads: { value: 200, unit: 'count', source: 'with fewer the fraction is uncertain by more than 6 points' },
    causeFraction: { value: 0.5, unit: 'fraction', source: 'of the misses, by the cause that is named: most of them' },
  },
  remedy: {
    summary: 'Count hits and misses of each kind of key, and give the cache the room its keys need.',
    example: {
      language: 'ts',
      before: `const kept = new LRUCache({ max: 100 })
const product = kept.get(key) ?? (await load(key)) // and nobody knows how often`,
      after: `const kept = new LRUCache({ max: 5_000 }) // at the top of the module
const known = kept.get(key)
lookups.inc({ cache: 'products', answer: known ? 'hit' : 'miss' })
const product = known ?? (await load(key))`,
    },
    withRuntime: `import { Cache } from '@whetstone/runtime/cache'

// S3-FIFO keeps what is asked for again; undefined is remembered too. cache.counts holds hits, misses, loads and evictions.
const cache = new Cache({ name: 'users', maxEntries: 5_000, defaults: { ttlMs: 60_000, negativeTtlMs: 10_000 } })
const user = await cache.getOrLoad<User | undefined>(\`user:\${id}\`, async () => {
  const { rows } = await pool.query<User>('SELECT id, name FROM users WHERE id = $1', [id])
  return rows[0]
})
const { hit, early, stale, miss } = cache.counts
const hitFraction = (hit + early + stale) / (hit + early + stale + miss)`,
  },
  detect({ traces, redis, counters }, thresholds) {
    const families = keyFamilies(traces).filter(({ reads }) => reads >= thresholds.reads)
    const memories = memoryCaches(counters).filter(memory => memory.lookups >= thresholds.reads)
    const servers = traces.cache
      ? []
      : (redis?.servers ?? []).filter(({ counts }) => lookupsOf(counts) >= thresholds.reads)
    if (families.length + memories.length + servers.length === 0)
      return notApplicable('no cache was asked often enough to tell')
    const found = [
      ...families.flatMap(family => judgeFamily(family, redis, thresholds)),
      ...memories.flatMap(memory => judgeMemory(memory, thresholds)),
      ...servers.flatMap(server => judgeServer(server, thresholds)),
    ]
    if (found.length > 0) return findings(found)
    const lowest = families.toSorted((a, b) => a.hitFraction - b.hitFraction)[0]
    if (!lowest) return pass([], 'the caches answer most of what they are asked, or have only been filled')
    return pass(
      [
        fact('hits', lowest.hitFraction, 'fraction', 'traces'),
        fact('of the misses, keys nobody had asked for', shareOf(lowest, 'unseen'), 'fraction', 'traces'),
      ],
      `${lowest.keyTemplate} answers ${percentText(lowest.hitFraction)}${lowest.hitFraction < thresholds.hitFraction ? `: ${whyNot(lowest)}` : ''}`,
    )
  },
})

interface Limits {
  readonly hitFraction: number
  readonly causeFraction: number
}

type Cause = keyof KeyFamily['keys']['missesBy']

function shareOf({ keys }: KeyFamily, cause: Cause): number {
  return keys.misses > 0 ? keys.missesBy[cause] / keys.misses : 0
}

const reasons: Readonly<Record<Cause, string>> = {
  unseen: 'most of the misses asked for a key for the first time, which a longer run or another load would not',
  expired: 'most of the misses come from the time to live',
  deleted: 'most of the misses come from keys the service deleted itself',
  other: 'most of the misses asked for keys that somebody else took away',
}

function whyNot(family: KeyFamily): string {
  const causes = Object.keys(reasons) as Cause[]
  return reasons[causes.toSorted((a, b) => shareOf(family, b) - shareOf(family, a))[0]!]
}

function judgeFamily(family: KeyFamily, redis: RedisEvidence | undefined, limits: Limits): readonly Finding[] {
  if (family.hitFraction >= limits.hitFraction) return []
  const { misses, loads } = family.keys
  const evicting = (redis?.servers ?? []).filter(({ counts }) => counts.evicted > 0)
  if (shareOf(family, 'other') >= limits.causeFraction && evicting.length > 0)
    return [describeEvicted(family, evicting[0]!)]
  // Where nothing is ever set, the keys are no cache of this service.
  if (loads.loads > 0 && loads.unfilled / misses >= limits.causeFraction) return [describeUnfilled(family)]
  return []
}

function describeEvicted(family: KeyFamily, server: RedisServerState): Finding {
  const { keys, reads } = family
  const roomyFraction = (keys.hits + keys.missesBy.other) / reads
  const { memory, counts } = server
  const neededBytes =
    (memory.usedBytes * Math.max(keys.distinctKeys, server.keys.total)) / Math.max(1, server.keys.total)
  return {
    ...headOf(
      family,
      `${percentText(roomyFraction)} of the reads could be hits, ${percentText(family.hitFraction)} are: the keys are evicted before they are asked for again`,
    ),
    facts: [
      ...factsOf(family),
      fact('hits with room for all keys', roomyFraction, 'fraction', 'traces'),
      fact('misses of keys that had been set and had not ended', keys.missesBy.other, 'count', 'traces'),
      fact('keys evicted', counts.evicted, 'count', 'redis'),
      fact('memory allowed', memory.maxBytes, 'bytes', 'redis'),
    ],
    confidence: 'strong',
    ...fewerLoads(family, keys.missesBy.other / keys.misses),
    remedy: {
      summary: `Give the cache room for its ${countText(keys.distinctKeys)} keys of ${family.keyTemplate}.`,
      steps: [
        `${countText(counts.evicted)} keys were evicted in ${msText(server.windowMs)}, under a limit of ${bytesText(memory.maxBytes)} (${memory.policy}).`,
        `Kept whole, what was asked for would take about ${bytesText(neededBytes)}.`,
        'Or keep less of each: shorter values, fewer kinds of keys, a time to live for what is read once.',
        ...lateLoads(family),
      ],
      code: {
        language: 'ts',
        after: `await client.config('SET', 'maxmemory', '${Math.ceil((neededBytes * 1.5) / 1e6)}mb') // and in redis.conf, with maxmemory-policy allkeys-lfu`,
      },
    },
  }
}

function describeUnfilled(family: KeyFamily): Finding {
  const { misses, loads } = family.keys
  return {
    ...headOf(
      family,
      `${percentText(loads.unfilled / misses)} of the gets of ${family.keyTemplate} that missed are followed by no set: whoever asks again misses again`,
    ),
    facts: [...factsOf(family), fact('misses after which nothing was set', loads.unfilled, 'count', 'traces')],
    confidence: 'suspected',
    remedy: {
      summary: 'Set what was loaded; where there is nothing, remember that for a short time.',
      steps: [
        `${countText(loads.unfilled)} of ${countText(misses)} misses were followed by no set; ${countText(loads.loads)} were loaded and set.`,
        'Where the origin has no such thing, or the answer is not kept for another reason, every further request pays for the lookup and the load.',
        'Keep a marker for a few seconds, and delete it where the thing is made.',
      ],
      code: {
        language: 'ts',
        before: `const value = await load(id)
if (value) await redis.set(key, JSON.stringify(value), 'EX', 60)`,
        after: `const value = await load(id)
await redis.set(key, JSON.stringify(value ?? null), 'EX', value ? 60 : 10).catch(() => {}) // the answer is here, with or without a cache`,
      },
    },
  }
}

function headOf(family: KeyFamily, title: string): Pick<Finding, 'fingerprint' | 'practice' | 'title' | 'where'> {
  const where = {
    ...(family.route ? { route: family.route } : {}),
    ...(family.site ? { site: family.site } : {}),
    resource: family.keyTemplate,
  }
  return { fingerprint: fingerprintOf('hit-ratio', where), practice: 'hit-ratio', title, where }
}

const factsOf = (family: KeyFamily) => [
  fact('hits', family.hitFraction, 'fraction', 'traces'),
  fact('keys asked for', family.reads, 'count', 'traces'),
  fact('different keys', family.keys.distinctKeys, 'count', 'traces'),
]

function lateLoads({ keys }: KeyFamily): readonly string[] {
  const loadMs = meanLoadMs(keys)
  return loadMs === undefined ? [] : [`A miss takes ${msText(loadMs)} until its key is set again.`]
}

/** A cache that fills evicts nothing, whatever it misses. */
function judgeMemory(memory: MemoryCaches, limits: Limits): readonly Finding[] {
  const { name, loads, evicted, hitFraction, processes } = memory
  if (hitFraction >= limits.hitFraction || evicted < loads * limits.causeFraction) return []
  const where = { resource: `cache ${name}` }
  return [
    {
      fingerprint: fingerprintOf('hit-ratio', where),
      practice: 'hit-ratio',
      title: `The cache ${name} answers ${percentText(hitFraction)}, and throws out ${countText(evicted)} entries to make room`,
      where,
      facts: [
        fact('hits', hitFraction, 'fraction', 'counters'),
        fact('lookups', memory.lookups, 'count', 'counters'),
        fact('evicted', evicted, 'count', 'counters'),
        fact('time of a load', memory.loadMs / Math.max(1, loads), 'ms', 'counters'),
      ],
      confidence: 'suspected',
      remedy: {
        summary: 'Let it hold more, or ask it for less.',
        steps: [
          `${percentText(evicted / Math.max(1, loads))} of the loads in ${countText(processes)} ${processes === 1 ? 'process' : 'processes'} pushed another entry out.`,
          'Double the bound and look at the hits again; where they do not rise, its keys hardly come again and it can go.',
        ],
        code: {
          language: 'ts',
          before: `new Cache({ name: '${name}', maxEntries: 1_000 })`,
          after: `new Cache({ name: '${name}', maxEntries: 2_000 }) // twice what it is now, at the top of the module as before`,
        },
      },
    },
  ]
}

const lookupsOf = ({ hits, misses }: RedisServerState['counts']) => hits + misses

/** Nobody saw the keys: only what is evicted tells a small cache from one that fills. */
function judgeServer(server: RedisServerState, limits: Limits): readonly Finding[] {
  const { counts, memory, host, port } = server
  const hitFraction = counts.hits / lookupsOf(counts)
  if (hitFraction >= limits.hitFraction || counts.evicted < counts.misses * limits.causeFraction) return []
  const where = { resource: `${server.product} ${host}:${port}` }
  const remedy: FindingRemedy = {
    summary: `Raise maxmemory above ${bytesText(memory.maxBytes)}, or keep less of each key.`,
    steps: [
      `${countText(counts.evicted)} keys were evicted in ${msText(server.windowMs)} by all who use the server.`,
      'Run it once with the probe, and the keys that miss are named.',
    ],
  }
  return [
    {
      fingerprint: fingerprintOf('hit-ratio', where),
      practice: 'hit-ratio',
      title: `The cache server answers ${percentText(hitFraction)} of what it is asked, and evicts meanwhile`,
      where,
      facts: [
        fact('hits', hitFraction, 'fraction', 'redis'),
        fact('keys evicted', counts.evicted, 'count', 'redis'),
        fact('memory allowed', memory.maxBytes, 'bytes', 'redis'),
      ],
      confidence: 'suspected',
      remedy,
    },
  ]
}
