/** The oldest pattern: look in the cache, load on a miss, put it there. Missing where it would pay, or written with a hole in it. */
import {
  ask,
  type CacheLoads,
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type RouteName,
  type SourceEvidence,
  type StatementsEvidence,
  type Trace,
  type TracesEvidence,
  type Where,
} from '@whetstone/model'
import type { HitCurvePoint } from '../derive/cache-simulation.ts'
import { type KeyFamily, keyFamilies, meanLoadMs, usualTtlMs } from '../derive/cache-keys.ts'
import { sharedCacheOf } from '../derive/cache-libraries.ts'
import {
  boundOf,
  cacheableFacts,
  type CacheableRead,
  cacheableReads,
  cacheableThresholds,
  chosenSize,
  isWorthCaching,
  simulationSteps,
} from '../derive/cacheable-reads.ts'
import { cacheProposal } from '../derive/cacheable-finding.ts'
import { loadingStatements } from '../derive/cached-tables.ts'
import { effectiveLimits } from '../derive/effective-limits.ts'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { statementTimes } from '../derive/statement-time.ts'

export const cacheAside = definePractice({
  id: 'cache-aside',
  chapter: 'caching',
  title: 'Cache-aside pattern',
  why: 'Whoever misses loads and leaves the answer for the next: the database is asked once for each key and time to live, whatever the number of requests.',
  unless: [
    'The answer must never be older than the last write: money, stock, permissions.',
    'Keys are seldom asked for twice within the age an answer may have.',
    'The statement can be made cheap: an index costs nothing in freshness.',
  ],
  sources: [
    'https://www.usenix.org/conference/nsdi13/technical-sessions/presentation/nishtala',
    'https://learn.microsoft.com/en-us/azure/architecture/patterns/cache-aside',
    'https://www.rfc-editor.org/rfc/rfc2308',
  ],
  needs: ['traces', 'statements'],
  optional: ['pg', 'load-curve', 'source'],
  thresholds: {
    unfilled: {
      value: 20,
      unit: 'count',
      source: 'misses that left nothing behind: fewer in one window may be chance',
    },
    unfilledFraction: { value: 0.2, unit: 'fraction', source: 'of the misses, a fifth that will never become hits' },
    failedRequests: {
      value: 3,
      unit: 'count',
      source: 'once may be a bug of that one request, three times is a habit',
    },
  },
  remedy: {
    summary:
      'Look, load on a miss, leave the answer there with an end; remember also that there is none, and go on without the cache when it fails.',
    library: '@whetstone/runtime/cache getOrLoad(), or cache-manager wrap()',
    example: {
      language: 'ts',
      before: `const { rows } = await pool.query(sql, [id])`,
      after: `const known = await redis.get(key).catch(() => null)  // a cache that fails is a cache that misses
if (known !== null) return JSON.parse(known)
const { rows: [product = null] } = await pool.query(sql, [id])
await redis.set(key, JSON.stringify(product), 'EX', product ? 60 : 10).catch(() => {})  // null too, for less`,
    },
    withRuntime: `import { Cache } from '@whetstone/runtime/cache'
const cache = new Cache({ name: 'products', defaults: { ttlMs: 60_000, negativeTtlMs: 10_000, staleIfErrorMs: 600_000 } })
const product = await cache.getOrLoad(\`product:\${id}\`, async () => (await pool.query<User>(sql, [id])).rows[0])`,
  },
  detect({ traces, statements, pg, 'load-curve': load, source }, thresholds, overrides) {
    const isLoad = load !== undefined
    const limits = effectiveLimits(cacheableThresholds, 'db-caching-layer', overrides)
    const reads = cacheableReads({ traces, statements, pg, isLoad }, limits, overrides)
    const filled = keyFamilies(traces).filter(({ keys }) => keys.loads.loads > 0)
    const holes = filled.filter(({ keys }) => isHole(keys.loads, thresholds))
    const empty = holes.filter(family => loadsNothing(family, traces))
    const found = [
      ...failing(traces, thresholds.failedRequests),
      ...empty.map(family => describeHole(family, statements, traces)),
      ...(reads ?? []).filter(isWorthCaching).map(read => describe(read, isLoad, { statements, traces, source })),
    ]
    if (found.length > 0) return findings(found)
    const [unclear] = holes
    if (unclear)
      return ask(
        `${countText(unclear.keys.loads.unfilled)} misses of ${unclear.keyTemplate} were followed by no set. Is the value kept elsewhere, or does nobody remember that there is none?`,
        holeFacts(unclear),
      )
    const [first] = filled
    if (first) return pass(inPlace(first), `${first.keyTemplate} is loaded by who misses it`)
    if (!reads) return notApplicable('nobody noted which keys were read')
    const [heaviest] = reads
    if (!heaviest) return pass([], 'no read that a cache could answer takes much of its route')
    return pass(cacheableFacts(heaviest), `a cache would not pay here: ${heaviest.refusal}`)
  },
})

function isHole(
  { loads, unfilled }: CacheLoads,
  limits: { readonly unfilled: number; readonly unfilledFraction: number },
): boolean {
  return unfilled >= limits.unfilled && unfilled / (loads + unfilled) >= limits.unfilledFraction
}

/**
 * True when the sampled requests that missed and set nothing asked the database and got no row: what is not there is asked for again and
 * again. A request that failed says nothing about what is there.
 */
function loadsNothing({ keyTemplate }: KeyFamily, { traces }: TracesEvidence): boolean {
  const unfilled = traces.filter(
    ({ spans, statusCode }) =>
      statusCode < 500 &&
      !spans.some(({ failed }) => failed) &&
      spans.some(span => span.keyTemplate === keyTemplate && span.hit === false) &&
      !spans.some(span => span.keyTemplate === keyTemplate && span.hit === undefined),
  )
  const empty = unfilled.filter(({ spans }) => spans.some(({ kind, rows }) => kind === 'query' && rows === 0))
  return empty.length > 0 && empty.length >= unfilled.length * 0.8
}

const holeFacts = ({ keys: { misses, loads } }: KeyFamily): readonly Fact[] => [
  fact('misses that were never filled', loads.unfilled, 'count', 'traces'),
  fact('of the misses', loads.unfilled / Math.max(1, loads.loads + loads.unfilled), 'fraction', 'traces'),
  fact('misses', misses, 'count', 'traces'),
]

function describeHole(family: KeyFamily, statements: StatementsEvidence, traces: TracesEvidence): Finding {
  const { keyTemplate, keys, route, site } = family
  const [statement] = loadingStatements(keys, statements)
  const where: Where = { ...(route === undefined ? {} : { route }), ...(site ? { site } : {}), resource: keyTemplate }
  const { loads, unfilled } = keys.loads
  const meanMs = statement && meanOf(statement.id, statements)
  const isOfRoute = statement && route !== undefined && traces.routes.some(one => one.route === route)
  return {
    fingerprint: fingerprintOf('cache-aside', where),
    practice: 'cache-aside',
    title: `${percentText(unfilled / (loads + unfilled))} of the misses of ${keyTemplate} find nothing, and ask the database again each time`,
    where,
    facts: [...holeFacts(family), ...(meanMs === undefined ? [] : [fact('time per read', meanMs, 'ms', 'statements')])],
    confidence: 'strong',
    ...(isOfRoute
      ? {
          edit: {
            kind: 'trace' as const,
            change: {
              kind: 'cache' as const,
              statementId: statement.id,
              // Of the runs of the statement: each key that is not there is asked for once more in every time to live.
              hitFraction: unfilled / (loads + unfilled),
              coldHitFraction: 0,
            },
            route,
          },
        }
      : {}),
    remedy: {
      summary: `Remember for a short time that ${keyTemplate} is not there.`,
      steps: [
        `${countText(unfilled)} requests missed, asked the database, got no row and set nothing.`,
        'Keep a mark for it with a time to live of its own, shorter than that of a value: 10 s already bound what one bad link costs.',
        'Whoever creates the row deletes the mark, as after any write.',
      ],
      code: {
        language: 'ts',
        before: `if (row) await redis.set(key, JSON.stringify(row), 'EX', 60)`,
        after: `await redis.set(key, JSON.stringify(row ?? null), 'EX', row ? 60 : 10).catch(() => {}) // the answer is here, with or without a cache`,
      },
    },
  }
}

function meanOf(statementId: string, statements: StatementsEvidence): number | undefined {
  return statementTimes(statements).find(time => time.statementId === statementId)?.meanMs
}

/** Requests that failed although only their cache did. */
function failing({ traces }: TracesEvidence, most: number): readonly Finding[] {
  const byRoute = new Map<RouteName, Trace[]>()
  for (const trace of traces) {
    const isFailed = trace.statusCode >= 500 && trace.spans.some(({ kind, failed }) => kind === 'cache' && failed)
    const isOtherwiseWell = !trace.spans.some(({ kind, failed }) => kind !== 'cache' && failed)
    if (isFailed && isOtherwiseWell) byRoute.set(trace.route, [...(byRoute.get(trace.route) ?? []), trace])
  }
  return [...byRoute].flatMap(([route, failed]) => (failed.length >= most ? [describeFailing(route, failed)] : []))
}

function describeFailing(route: RouteName, failed: readonly Trace[]): Finding {
  const span = failed.flatMap(({ spans }) => spans).find(one => one.kind === 'cache' && one.failed)
  const resource = span?.keyTemplate ?? 'cache'
  const where: Where = { route, ...(span?.site ? { site: span.site } : {}), resource }
  return {
    fingerprint: fingerprintOf('cache-aside', where),
    practice: 'cache-aside',
    title: `${countText(failed.length)} sampled requests failed because the cache did`,
    where,
    facts: [fact('sampled requests that failed with the cache', failed.length, 'count', 'traces')],
    confidence: 'strong',
    risk: 'outage',
    remedy: {
      summary: `Treat a failed ${span?.command ?? 'command'} as a miss.`,
      steps: [
        'The origin knows the answer: a cache that fails may make a request slower, never wrong.',
        'So with every command of it: a set or a del that throws makes an error of an answer that is there, or of a write that is committed.',
      ],
      code: {
        language: 'ts',
        before: `const known = await redis.get(key)`,
        after: `const known = await redis.get(key).catch(() => null)
// what is loaded is answered also where it cannot be kept:
await redis.set(key, JSON.stringify(value), 'EX', 60).catch(() => {})`,
      },
    },
  }
}

function inPlace({ keys, hitFraction }: KeyFamily): readonly Fact[] {
  const [loadMs, ttlMs] = [meanLoadMs(keys), usualTtlMs(keys)]
  return [
    fact('hits', hitFraction, 'fraction', 'traces'),
    fact('loads', keys.loads.loads, 'count', 'traces'),
    ...(loadMs === undefined ? [] : [fact('time per load', loadMs, 'ms', 'traces')]),
    ...(ttlMs === undefined || ttlMs === null ? [] : [fact('usual time to live', ttlMs, 'ms', 'traces')]),
  ]
}

interface Sources {
  readonly statements: StatementsEvidence
  readonly traces: TracesEvidence
  readonly source: SourceEvidence | undefined
}

function describe(read: CacheableRead, isLoad: boolean, { statements, traces, source }: Sources): Finding {
  const { statement, routeFraction } = read
  const point = chosenSize(read)
  const shared = sharedCacheOf(traces, source)
  return {
    ...cacheProposal({ practice: 'cache-aside', read, isLoad, statements, traces }),
    title: `${percentText(point.hitFraction)} of the reads that take ${percentText(routeFraction)} of the route could come from a cache`,
    facts: cacheableFacts(read),
    remedy: {
      summary: `Look for "${excerpt(statement.text, 60)}" in the cache first, and leave it there for ${msText(point.ttlMs)}.`,
      steps: [
        ...(shared ? [`The service can reach one already: ${shared}.`] : []),
        ...simulationSteps(read, point, isLoad),
        'Remember also, for a shorter time, that there is no such row: else every request for it asks the database.',
        'A cache that fails is a cache that misses: catch its errors, and give its commands a short timeout.',
        'Delete the key where its row is written; the time to live is the bound for a write that was missed.',
      ],
      code: { language: 'ts', before: 'const { rows } = await pool.query(sql, [id])', after: codeFor(shared, point) },
    },
  }
}

const codeFor = (shared: string | undefined, point: HitCurvePoint): string =>
  shared === undefined
    ? `// at the top of the module: made in a handler it would be empty for every request
const answers = new LRUCache({ max: ${boundOf(point)}, ttl: ${point.ttlMs} })
// where it is read:
const rows = answers.get(id) ?? (await pool.query(sql, [id])).rows
answers.set(id, rows)`
    : `const known = await redis.get(key).catch(() => null)
const rows = known === null ? (await pool.query(sql, [id])).rows : JSON.parse(known)
if (known === null) await redis.set(key, JSON.stringify(rows), 'PX', ${point.ttlMs}).catch(() => {})`
