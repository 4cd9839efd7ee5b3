/** One route whose reads a cache may answer: what differs from the hot product, the cases say. */
import type {
  Edit,
  Evidence,
  EvidenceKind,
  Fact,
  LoadCurveEvidence,
  Span,
  Statement,
  StatementReads,
  Unit,
} from '@whetstone/model'
import { stated } from './describe-practice.ts'
import { column, pgOf, query, siteAt, statement, statementsOf, table, times, trace, tracesOf, use } from './evidence.ts'

export const hotRoute = 'GET /products/:id'
export const hotStatement = statement('sum', 'SELECT count(*) FROM reviews WHERE product_id = $1', {
  tables: ['reviews'],
  hasAggregate: true,
})
export const someLoad: LoadCurveEvidence = { schema: 'load-curve@1', steps: [] }

/** Every third read asks for one of ten products, the others for one and the same. */
export const likedKeys = Array.from({ length: 300 }, (_, at) => (at % 3 === 0 ? 1 + (at % 10) : 0))
export const evenKeys = Array.from({ length: 300 }, (_, at) => at % 50)
export const newKeys = Array.from({ length: 300 }, (_, at) => at)

export interface HotReads {
  readonly keys?: readonly number[]
  /** From one read to the next. */
  readonly everyMs?: number
  readonly one?: Statement
  readonly calls?: number
  readonly requests?: number
  readonly totalMs?: number
  readonly requestMs?: number
  readonly writes?: number
  readonly route?: string
  /** In which the read runs. */
  readonly transaction?: number
  /** Beside the query of every request. */
  readonly spans?: readonly Span[]
}

/** 10 ms of a request of 12. */
export function hotReads({
  keys = likedKeys,
  everyMs = 100,
  one = hotStatement,
  calls = 300,
  requests = calls,
  totalMs = 3_000,
  requestMs = 12,
  writes = 0,
  route = hotRoute,
  transaction,
  spans = [],
}: HotReads = {}) {
  const reads: readonly StatementReads[] = [
    { statementId: one.id, keyFraction: 1, keys, atMs: keys.map((_, at) => at * everyMs) },
  ]
  const span = query(one.id, 1, totalMs / Math.max(1, calls), transaction === undefined ? {} : { transaction })
  const reviews = table('reviews', 100_000, [column('id')], {
    writes: { inserts: writes, updates: 0, heapOnlyUpdates: 0, deletes: 0 },
  })
  return {
    traces: tracesOf(times(300, trace(route, requestMs, [span, ...spans]))),
    statements: { ...statementsOf([one], [use(route, one.id, calls, totalMs, { requests, site: siteAt(7) })]), reads },
    pg: pgOf({ tables: [reviews] }),
  } satisfies Evidence
}

const { reads: _reads, ...unnoted } = hotReads().statements
/** The same, by a driver whose parameters nobody saw. */
export const unnotedReads: Evidence = { ...hotReads(), statements: unnoted }

const ofTheRead = (label: string, value: number, unit: Unit, kind: EvidenceKind = 'statements'): Fact => ({
  ...stated(label, value, unit, kind),
  evidence: { kind, statementId: hotStatement.id },
})

/** What every practice states of `hotReads()` that proposes a cache for them: eleven keys miss once. */
export const hotFacts: readonly Fact[] = [
  ofTheRead('simulated hits, filled cache', 1, 'fraction'),
  ofTheRead('simulated hits, empty at first', 0.9633, 'fraction'),
  ofTheRead('reads in the simulation', 300, 'count'),
  ofTheRead('different keys', 11, 'count'),
  ofTheRead('time per read', 10, 'ms'),
  ofTheRead('of the time of the route', 0.8333, 'fraction', 'traces'),
]

/** And what it would change. */
export const hotEdit: Edit = {
  kind: 'trace',
  change: { kind: 'cache', statementId: hotStatement.id, hitFraction: 1, coldHitFraction: 289 / 300 },
  route: hotRoute,
}
