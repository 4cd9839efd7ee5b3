/** A cache that stands still and takes the service with it: shown by a drill, for nothing else shows it before it happens. */
import {
  type CacheClient,
  type CacheFailureDrill,
  definePractice,
  type DrillPhase,
  type Finding,
  findings,
  fingerprintOf,
  investigate,
  notApplicable,
  pass,
  unknown,
} from '@whetstone/model'
import { clopperPearson } from '@whetstone/stats'
import { countText, fact, msText, percentText } from '../derive/figures.ts'

export const cacheFailure = definePractice({
  id: 'cache-failure',
  chapter: 'caching',
  title: 'Survive cache failure',
  why: 'Most clients of a cache wait without end for a server that does not answer: what was put there to make the service fast stops all of it.',
  unless: [
    'What lies in it is no cache but the only copy: then it needs a replica, not a fallback.',
    'The origin cannot bear the load without the cache: then shed load instead, and answer 503 fast.',
  ],
  sources: [
    'https://github.com/redis/ioredis#readme',
    'https://aws.amazon.com/builders-library/caching-challenges-and-strategies/',
  ],
  needs: ['traces'],
  optional: ['drills'],
  thresholds: {
    errorFraction: { value: 0.01, unit: 'fraction', source: 'of the requests sent meanwhile, above what fails anyway' },
    slowMs: { value: 1_000, unit: 'ms', source: 'p99; the limit at which a train of thought breaks (Nielsen 1993)' },
    slowRatio: { value: 5, unit: 'ratio', source: 'p99 against that before: a load from the origin may take as long' },
    requests: { value: 20, unit: 'count', source: 'four a second for the five seconds; fewer say too little' },
  },
  remedy: {
    summary:
      'Give every command a short timeout, fall back to the origin, and leave the cache alone for a moment after it failed.',
    library: 'the Cache of @whetstone/runtime/cache, or commandTimeout of ioredis and a breaker',
    example: {
      language: 'ts',
      before: `const redis = new Redis(url) // commands wait as long as the server does not answer
const known = await redis.get(key)`,
      after: `const redis = new Redis(url, { commandTimeout: 50, maxRetriesPerRequest: 1, enableOfflineQueue: false })
redis.on('error', () => {}) // it is reported below, for every request that went without
let awayUntil = 0 // at the top of the module, for all requests
const known = Date.now() < awayUntil ? null : await redis.get(key).catch(() => ((awayUntil = Date.now() + 1_000), null))
const value = known === null ? await load(id) : JSON.parse(known)`,
    },
    withRuntime: `import { Cache } from '@whetstone/runtime/cache'

// What was loaded stays in this process, is loaded by one of all who ask, and is served past its end where loads fail or take too long.
const cache = new Cache({
  name: 'users',
  defaults: { ttlMs: 30_000, staleIfErrorMs: 3_600_000, softTimeoutMs: 100, hardTimeoutMs: 2_000, failureTtlMs: 1_000 },
})
const user = await cache.getOrLoad(\`user:\${id}\`, async () => {
  const { rows } = await pool.query<User>('SELECT id, name FROM users WHERE id = $1', [id])
  return rows[0]
})`,
  },
  detect({ traces, drills }, thresholds) {
    const clients = traces.cache?.servers ?? []
    const drilled = (drills?.drills ?? []).filter(drill => drill.kind === 'cache-failure')
    if (clients.length === 0 && drilled.length === 0) return notApplicable('no cache server is used')
    if (drilled.length === 0) return investigate([{ kind: 'cache-failure' }])
    const [drill] = drilled.filter(({ during }) => during.requests >= thresholds.requests)
    if (!drill)
      return unknown(
        ['drills'],
        `only ${countText(drilled[0]!.during.requests)} requests were sent while the cache stood still`,
        '--drill cache-failure with a higher --rate',
      )
    if (!isHurt(drill, thresholds))
      return pass(
        [
          fact('errors while the cache stood still', failedFraction(drill.during), 'fraction', 'drills'),
          fact('p99 meanwhile', drill.during.p99Ms, 'ms', 'drills'),
        ],
        `the service went on for ${msText(drill.pausedMs)} without its cache`,
      )
    return findings([describe(drill, clients)])
  },
})

const failedFraction = ({ errors, requests }: DrillPhase): number => (requests > 0 ? errors / requests : 0)

function isHurt(
  { before, during }: Pick<CacheFailureDrill, 'before' | 'during'>,
  limits: { readonly errorFraction: number; readonly slowMs: number; readonly slowRatio: number },
): boolean {
  // The whole 95 % interval: one failure in twenty may be chance.
  const failed = clopperPearson(Math.min(during.errors, during.requests), Math.max(1, during.requests)).low
  if (failed - failedFraction(before) > limits.errorFraction) return true
  return during.p99Ms >= limits.slowMs && during.p99Ms >= limits.slowRatio * before.p99Ms
}

function describe(drill: CacheFailureDrill, clients: readonly CacheClient[]): Finding {
  const { before, during, pausedMs, recoveredAfterMs } = drill
  const site = clients.find(client => client.site?.length)?.site
  const where = { resource: 'cache failure', ...(site ? { site } : {}) }
  const [worst] = drill.routes.toSorted((a, b) => b.during.errors - a.during.errors || b.during.p99Ms - a.during.p99Ms)
  return {
    fingerprint: fingerprintOf('cache-failure', where),
    practice: 'cache-failure',
    title: `With its cache standing still for ${msText(pausedMs)}, ${percentText(failedFraction(during))} of the requests fail and the p99 is ${msText(during.p99Ms)}`,
    where,
    facts: [
      fact('errors while it stood still', failedFraction(during), 'fraction', 'drills'),
      fact('errors before', failedFraction(before), 'fraction', 'drills'),
      fact('p99 while it stood still', during.p99Ms, 'ms', 'drills'),
      fact('p99 before', before.p99Ms, 'ms', 'drills'),
      fact('requests while it stood still', during.requests, 'count', 'drills'),
      ...(recoveredAfterMs === undefined ? [] : [fact('until it answered again', recoveredAfterMs, 'ms', 'drills')]),
    ],
    confidence: 'measured',
    risk: 'outage',
    remedy: {
      summary: 'Give every command to the cache a timeout, and answer from the origin where it strikes.',
      steps: [
        ...(worst && drill.routes.length > 1
          ? [
              `${worst.route} suffers most: ${percentText(failedFraction(worst.during))} fail, p99 ${msText(worst.during.p99Ms)}.`,
            ]
          : []),
        ...clients.flatMap(settingsText).slice(0, 3),
        ...(recoveredAfterMs === undefined
          ? ['It did not come back by itself once the cache answered again.']
          : [`It answered again ${msText(recoveredAfterMs)} after the cache did.`]),
        'So with every command: a set that throws makes an error of an answer that is there, a del one of a write that is committed. Both end in .catch(() => {}).',
        'A cache is there to be fast: what takes longer than the origin is no answer. Stop asking it for a second after a failure.',
      ],
      code: codeFor(clients[0]),
    },
  }
}

function settingsText({ commandTimeoutMs, offlineQueue, host, port }: CacheClient): readonly string[] {
  if (commandTimeoutMs !== undefined) return []
  const queue = offlineQueue ? ', and queues them while there is no connection' : ''
  return [`The client of ${host}:${port} lets commands wait for ever${queue}.`]
}

function codeFor(client: CacheClient | undefined): NonNullable<Finding['remedy']['code']> {
  if (client?.driver === 'redis')
    return {
      language: 'ts',
      before: 'const client = createClient({ url })',
      after: `import { setTimeout as delay } from 'node:timers/promises'

const client = createClient({ url, disableOfflineQueue: true, socket: { connectTimeout: 1_000 } })
const known = await Promise.race([client.get(key), delay(50, null)]).catch(() => null)
const value = known === null ? await load(id) : JSON.parse(known)`,
    }
  return {
    language: 'ts',
    before: 'const redis = new Redis(url)',
    after: `const redis = new Redis(url, { commandTimeout: ${countedTimeout(client)}, maxRetriesPerRequest: 1, enableOfflineQueue: false })
const known = await redis.get(key).catch(() => null)
const value = known === null ? await load(id) : JSON.parse(known)`,
  }
}

/** A timeout that is there and did not help was too long. */
function countedTimeout(client: CacheClient | undefined): string {
  return countText(Math.min(50, client?.commandTimeoutMs ?? 50))
}
