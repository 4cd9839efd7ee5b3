/** Reads that a cache could answer, each with what it would have answered: the one reading behind all practices that propose a cache. */
import type {
  Fact,
  PgEvidence,
  RouteName,
  Statement,
  StatementReads,
  StatementsEvidence,
  Threshold,
  ThresholdOverrides,
  ThresholdValues,
  TracesEvidence,
} from '@whetstone/model'
import { type HitCurvePoint, hitCurve, topFifthFraction } from './cache-simulation.ts'
import { countText, fact, msText, percentText } from './figures.ts'
import { statementsBehindCache } from './cached-tables.ts'
import { statementsWantingIndex } from './index-limits.ts'
import { type RouteReading, readRoutes } from './routes.ts'
import { type RouteUse, routeUses } from './statement-time.ts'
import { readsRows, statementsById } from './statements.ts'
import { writesOf } from './table-writes.ts'

export const cacheableThresholds = {
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
} as const satisfies Readonly<Record<string, Threshold>>

export type CacheableLimits = ThresholdValues<typeof cacheableThresholds>

export interface CacheableRead {
  readonly statement: Statement
  readonly reads: StatementReads
  readonly use: RouteUse
  readonly route: RouteReading
  readonly routeFraction: number
  /** Smallest first; the last holds everything. */
  readonly curve: readonly HitCurvePoint[]
  readonly readsPerWrite: number
  /** Why a cache would not pay; absent where it would. */
  readonly refusal?: string
}

export interface CacheableEvidence {
  readonly traces: TracesEvidence
  readonly statements: StatementsEvidence
  readonly pg?: PgEvidence | undefined
  /** The keys were drawn by a load of ours, not by users. */
  readonly isLoad: boolean
}

/** Every read that takes much of its route and might come from a cache, heaviest first; undefined when nobody noted the keys. */
export function cacheableReads(
  evidence: CacheableEvidence,
  limits: CacheableLimits,
  overrides: ThresholdOverrides,
): readonly CacheableRead[] | undefined {
  const { traces, statements, pg } = evidence
  if (!statements.reads) return undefined
  const byId = statementsById(statements)
  const readsById = new Map(statements.reads.map(reads => [reads.statementId, reads]))
  const wanting = pg ? statementsWantingIndex(pg, statements, overrides) : new Set<string>()
  const behind = statementsBehindCache(traces, statements)
  return routeUses(statements).flatMap((use): readonly CacheableRead[] => {
    const [statement, reads] = [byId.get(use.statementId), readsById.get(use.statementId)]
    const route = readRoutes(traces).get(use.route)
    if (!statement || !reads || !route || wanting.has(statement.id) || behind.has(statement.id)) return []
    const routeFraction = route.totalMs > 0 ? use.totalMs / route.totalMs : 0
    const isHeavy = routeFraction >= limits.routeFraction && use.totalMs / use.calls >= limits.meanMs
    const isOnce = use.calls / Math.max(1, use.requests) < limits.runsPerRequest
    const isHot = isHeavy && isOnce && reads.keys.length >= limits.reads
    if (!isHot || !isCacheable(statement, traces)) return []
    return [judge({ statement, reads, use, route, routeFraction }, evidence, limits)]
  })
}

export const isWorthCaching = ({ refusal }: CacheableRead): boolean => refusal === undefined

const changing =
  /\b(?:now|random|nextval|currval|clock_timestamp|gen_random_uuid|current_setting|pg_\w+)\s*\(|\bcurrent_(?:user|role|date|time|timestamp)\b/i

/** Not inside of a transaction, which must see its own writes, nor of the time of day or the session. */
function isCacheable(statement: Statement, traces: TracesEvidence): boolean {
  if (!readsRows(statement) || changing.test(statement.text)) return false
  return !traces.traces.some(({ spans }) =>
    spans.some(({ statementId, transaction }) => statementId === statement.id && transaction !== undefined),
  )
}

/** Entries of the caches that are tried, before one without a bound. */
const sizes = [10, 100, 1_000, 10_000]

function judge(
  candidate: Omit<CacheableRead, 'curve' | 'readsPerWrite' | 'refusal'>,
  { traces, statements, pg, isLoad }: CacheableEvidence,
  limits: CacheableLimits,
): CacheableRead {
  const { statement, reads, use } = candidate
  const keys = new Set(reads.keys).size / reads.keyFraction
  const calls = routeUses(statements)
    .filter(({ statementId }) => statementId === statement.id)
    .reduce((sum, { calls: own }) => sum + own, 0)
  const writes = writesOf(statement, pg, statements)
  const judged = {
    ...candidate,
    curve: hitCurve(reads, [...sizes.filter(entries => entries < keys), Infinity], limits.ttlMs),
    readsPerWrite: writes > 0 ? calls / writes : Infinity,
  }
  const refusal =
    refusalOf(judged, limits, !isLoad || isOfTheUsers(reads, use.route, traces, limits.topFifth)) ??
    (isPerhapsOfOne(judged, traces) ? 'one user sent all requests, and the rows may be theirs alone' : undefined)
  return refusal === undefined ? judged : { ...judged, refusal }
}

function refusalOf(
  { curve, readsPerWrite }: Pick<CacheableRead, 'curve' | 'readsPerWrite'>,
  limits: CacheableLimits,
  saysOfUsers: boolean,
): string | undefined {
  const { hitFraction, ttlMs } = curve.at(-1)!
  if (hitFraction < limits.hitFraction)
    return `${percentText(hitFraction)} of the reads ask for a key again within ${msText(ttlMs)}`
  if (readsPerWrite < limits.readsPerWrite) return `${countText(readsPerWrite)} reads for each row written`
  return saysOfUsers ? undefined : 'the load asks for all keys alike, which says nothing of those that users ask for'
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

/**
 * The key never varies, and neither did who asked: it may be their id. What is compared with nothing is the same for everybody.
 * The text has `$n` also for literals.
 */
function isPerhapsOfOne(
  { statement, reads, use }: Pick<CacheableRead, 'statement' | 'reads' | 'use'>,
  { oneCaller = [] }: TracesEvidence,
): boolean {
  const comparing = statement.text.replace(/\b(?:limit|offset)\s+\$\d+/gi, '')
  return oneCaller.includes(use.route) && new Set(reads.keys).size === 1 && /\$\d/.test(comparing)
}

/** The smallest that answers nearly what the largest does. */
export function chosenSize({ curve }: CacheableRead): HitCurvePoint {
  const best = curve.at(-1)!.hitFraction
  return curve.find(({ hitFraction }) => hitFraction >= best - 0.02)!
}

export function cacheableFacts(read: CacheableRead): readonly Fact[] {
  const { statement, reads, use, routeFraction, readsPerWrite } = read
  const link = { statementId: statement.id }
  const point = chosenSize(read)
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

/** `Simulated hits by size: 10 71 %, unbounded 92 %; 84 % while it fills.`, and what stands behind it. */
export function simulationSteps({ reads, curve }: CacheableRead, point: HitCurvePoint, isLoad: boolean): string[] {
  return [
    `Simulated hits by size: ${curve.map(sizeText).join(', ')}; ${percentText(point.coldHitFraction)} while it fills.`,
    ...(reads.keyFraction < 1
      ? [`Simulated on ${percentText(reads.keyFraction)} of the keys, with all of their reads.`]
      : []),
    ...(isLoad
      ? ['The keys were those of this load: repeat it with recorded traffic before you trust the figure.']
      : []),
  ]
}

const sizeText = ({ entries, hitFraction }: HitCurvePoint): string =>
  `${Number.isFinite(entries) ? countText(entries) : 'unbounded'} ${percentText(hitFraction)}`

/** Entries to write into code: a cache without a bound is a leak. */
export const boundOf = ({ entries }: HitCurvePoint): number => (Number.isFinite(entries) ? entries : 10_000)
