/** Reads that ask for the same rows again and again: what a cache in front of them would answer, simulated on the reads of the window. */
import {
  definePractice,
  type Fact,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgEvidence,
  type RouteName,
  type Statement,
  type StatementReads,
  type StatementsEvidence,
  type TracesEvidence,
} from '@whetstone/model'
import { type HitCurvePoint, hitCurve, topFifthFraction } from '../derive/cache-simulation.ts'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { statementsWantingIndex } from '../derive/index-limits.ts'
import { readRoutes } from '../derive/routes.ts'
import { type RouteUse, routeUses } from '../derive/statement-time.ts'
import { readsRows, siteOf, statementsById } from '../derive/statements.ts'
import { writesOf } from '../derive/table-writes.ts'

export const dbCachingLayer = definePractice({
  id: 'db-caching-layer',
  chapter: 'database',
  title: 'Put a cache in front of hot reads',
  why: 'The database computes the same answer for everybody who asks; a cache computes it once for all who ask within its time to live.',
  unless: [
    'The answer must never be older than the last write: money, stock, permissions.',
    'The keys of the load are not those of real users; try it with recorded traffic first.',
    'The statement can be made cheap: an index or a stored total costs nothing in freshness.',
  ],
  sources: [
    'https://www.usenix.org/conference/nsdi13/technical-sessions/presentation/nishtala',
    'https://www.usenix.org/conference/fast15/technical-sessions/presentation/waldspurger',
  ],
  needs: ['traces', 'statements'],
  optional: ['pg', 'load-curve'],
  thresholds: {
    reads: { value: 100, unit: 'count', source: 'with fewer the hit fraction is uncertain by more than a tenth' },
    hitFraction: { value: 0.5, unit: 'fraction', source: 'below it most requests pay for the cache and the database' },
    readsPerWrite: { value: 20, unit: 'ratio', source: 'each write takes an entry out, and somebody must see to it' },
    routeFraction: { value: 0.1, unit: 'fraction', source: 'of the time of the route: all that a hit can save' },
    meanMs: { value: 2, unit: 'ms', source: 'a lookup in a cache on another machine takes about one' },
    ttlMs: { value: 60_000, unit: 'ms', source: 'an age that most lists and pages may have' },
    runsPerRequest: { value: 2, unit: 'count', source: 'more are a loop, which a cache would only hide' },
    topFifth: {
      value: 0.5,
      unit: 'fraction',
      source:
        'of keys drawn alike the most read fifth gets a fifth to a third of the reads: that is the load, not the users',
    },
  },
  remedy: {
    summary: 'Keep the answer for a short time, one load for all who ask meanwhile, and drop it on writes.',
    example: {
      language: 'ts',
      before: 'const { rows } = await pool.query(sql, [id])',
      after: `const rows = await cached(\`product:\${id}\`, 60_000, () => load(id))  // bounded, one load a key
await pool.query(update, [id]); forget(\`product:\${id}\`)              // whoever writes, forgets`,
    },
  },
  detect({ traces, statements, pg, 'load-curve': load }, thresholds, overrides) {
    if (!statements.reads) return notApplicable('nobody noted which keys were read')
    const byId = statementsById(statements)
    const readsById = new Map(statements.reads.map(reads => [reads.statementId, reads]))
    const wanting = pg ? statementsWantingIndex(pg, statements, overrides) : new Set<string>()
    const candidates = routeUses(statements).flatMap(use => {
      const [statement, reads] = [byId.get(use.statementId), readsById.get(use.statementId)]
      const route = readRoutes(traces).get(use.route)
      if (!statement || !reads || !route || wanting.has(statement.id)) return []
      const routeFraction = route.totalMs > 0 ? use.totalMs / route.totalMs : 0
      const isHeavy = routeFraction >= thresholds.routeFraction && use.totalMs / use.calls >= thresholds.meanMs
      const isOnce = use.calls / Math.max(1, use.requests) < thresholds.runsPerRequest
      const isHot = isHeavy && isOnce && reads.keys.length >= thresholds.reads
      return isHot && isCacheable(statement, traces) ? [{ statement, reads, use, routeFraction }] : []
    })
    const judged = candidates.map(candidate => judge(candidate, thresholds.ttlMs, pg, statements))
    const found = judged.filter(
      ({ reads, use, curve, readsPerWrite }) =>
        curve.at(-1)!.hitFraction >= thresholds.hitFraction &&
        readsPerWrite >= thresholds.readsPerWrite &&
        (!load || isOfTheUsers(reads, use.route, traces, thresholds.topFifth)),
    )
    if (found.length > 0) return findings(found.map(hot => describe(hot, load !== undefined, statements, traces)))
    const [heaviest] = judged
    if (!heaviest) return pass([], 'no read that a cache could answer takes much of its route')
    return pass(factsOf(heaviest), `a cache would not pay here: ${refusal(heaviest, thresholds)}`)
  },
})

const changing =
  /\b(?:now|random|nextval|currval|clock_timestamp|gen_random_uuid|current_setting|pg_\w+)\s*\(|\bcurrent_(?:user|role|date|time|timestamp)\b/i

/** Not inside of a transaction, which must see its own writes, nor of the time of day or the session. */
function isCacheable(statement: Statement, traces: TracesEvidence): boolean {
  if (!readsRows(statement) || changing.test(statement.text)) return false
  return !traces.traces.some(({ spans }) =>
    spans.some(({ statementId, transaction }) => statementId === statement.id && transaction !== undefined),
  )
}

/**
 * A load that draws its keys evenly repeats them because it is long, not because anybody likes them. One key for all is
 * another matter where the route takes no parameter.
 */
function isOfTheUsers(reads: StatementReads, route: RouteName, traces: TracesEvidence, topFifth: number): boolean {
  if (new Set(reads.keys).size > 4) return topFifthFraction(reads) >= topFifth
  const takesNone = !/[:*{]/.test(route) && !traces.traces.some(one => one.route === route && one.url?.includes('?'))
  return takesNone && new Set(reads.keys).size === 1
}

interface Candidate {
  readonly statement: Statement
  readonly reads: StatementReads
  readonly use: RouteUse
  readonly routeFraction: number
}

interface Judged extends Candidate {
  /** Smallest first; the last holds everything. */
  readonly curve: readonly HitCurvePoint[]
  readonly readsPerWrite: number
}

/** Entries of the caches that are tried, before one without a bound. */
const sizes = [10, 100, 1_000, 10_000]

function judge(
  candidate: Candidate,
  ttlMs: number,
  pg: PgEvidence | undefined,
  statements: StatementsEvidence,
): Judged {
  const { statement, reads } = candidate
  const keys = new Set(reads.keys).size / reads.keyFraction
  const calls = routeUses(statements)
    .filter(({ statementId }) => statementId === statement.id)
    .reduce((sum, use) => sum + use.calls, 0)
  const writes = writesOf(statement, pg, statements)
  return {
    ...candidate,
    curve: hitCurve(reads, [...sizes.filter(entries => entries < keys), Infinity], ttlMs),
    readsPerWrite: writes > 0 ? calls / writes : Infinity,
  }
}

function refusal({ curve, readsPerWrite }: Judged, thresholds: { hitFraction: number; readsPerWrite: number }): string {
  const { hitFraction, ttlMs } = curve.at(-1)!
  if (hitFraction < thresholds.hitFraction)
    return `${percentText(hitFraction)} of the reads ask for a key again within ${msText(ttlMs)}`
  if (readsPerWrite < thresholds.readsPerWrite) return `${countText(readsPerWrite)} reads for each row written`
  return 'the load asks for all keys alike, which says nothing of those that users ask for'
}

/** The smallest that answers nearly what the largest does. */
function chosen(curve: readonly HitCurvePoint[]): HitCurvePoint {
  const best = curve.at(-1)!.hitFraction
  return curve.find(({ hitFraction }) => hitFraction >= best - 0.02)!
}

function factsOf({ statement, reads, use, routeFraction, curve, readsPerWrite }: Judged): readonly Fact[] {
  const link = { statementId: statement.id }
  const point = chosen(curve)
  return [
    fact('simulated hits, filled cache', point.hitFraction, 'fraction', 'statements', link),
    fact('simulated hits, empty at first', point.coldHitFraction, 'fraction', 'statements', link),
    fact('reads in the simulation', reads.keys.length, 'count', 'statements', link),
    fact('different keys', Math.round(new Set(reads.keys).size / reads.keyFraction), 'count', 'statements', link),
    fact('time per read', use.totalMs / use.calls, 'ms', 'statements', link),
    fact('of the time of the route', routeFraction, 'fraction', 'traces', link),
    ...(Number.isFinite(readsPerWrite) ? [fact('reads for each row written', readsPerWrite, 'ratio', 'pg', link)] : []),
  ]
}

function describe(hot: Judged, isLoad: boolean, statements: StatementsEvidence, traces: TracesEvidence): Finding {
  const { statement, reads, use, curve } = hot
  const point = chosen(curve)
  const site = siteOf(use.route, statement.id, statements, traces)
  const where = { route: use.route, statementId: statement.id, ...(site ? { site } : {}) }
  const entries = Number.isFinite(point.entries) ? countText(point.entries) : 'all'
  return {
    fingerprint: fingerprintOf('db-caching-layer', where),
    practice: 'db-caching-layer',
    title: `A cache would answer ${percentText(point.hitFraction)} of the reads that take ${percentText(hot.routeFraction)} of the route`,
    where,
    facts: factsOf(hot),
    confidence: isLoad ? 'suspected' : 'strong',
    edit: {
      kind: 'trace',
      change: {
        kind: 'cache',
        statementId: statement.id,
        hitFraction: point.hitFraction,
        coldHitFraction: point.coldHitFraction,
      },
      route: use.route,
    },
    remedy: {
      summary: `Keep the answers of "${excerpt(statement.text, 60)}" for ${msText(point.ttlMs)}, ${entries} keys at most.`,
      steps: [
        `Simulated hits by size: ${curve.map(sizeText).join(', ')}; ${percentText(point.coldHitFraction)} while it fills.`,
        ...(reads.keyFraction < 1
          ? [`Simulated on ${percentText(reads.keyFraction)} of the keys, with all of their reads.`]
          : []),
        ...(isLoad
          ? ['The keys were those of this load: repeat it with recorded traffic before you trust the figure.']
          : []),
        'Forget the key where its row is written, and let the time to live be the bound where a write is missed.',
        'Keep the promise while it loads, so that a key that expires is loaded once and not by all who ask; drop it when the load fails.',
      ],
      code: { language: 'ts', before: 'await pool.query(sql, [id])', after: cacheCode(point) },
    },
  }
}

const sizeText = ({ entries, hitFraction }: HitCurvePoint): string =>
  `${Number.isFinite(entries) ? countText(entries) : 'unbounded'} ${percentText(hitFraction)}`

const cacheCode = ({
  entries,
  ttlMs,
}: HitCurvePoint): string => `const kept = new Map<string, { until: number; rows: Promise<unknown> }>()
const cached = <T>(key: string, load: () => Promise<T>): Promise<T> => {
  const known = kept.get(key)
  if (known && known.until > new Date().getTime()) return known.rows as Promise<T>
  const rows = load()
  rows.catch(() => kept.delete(key))
  kept.set(key, { until: new Date().getTime() + ${ttlMs}, rows })
  if (kept.size > ${Number.isFinite(entries) ? entries : 10_000}) kept.delete(kept.keys().next().value!)
  return rows
}
await cached(String(id), () => pool.query(sql, [id]))`
