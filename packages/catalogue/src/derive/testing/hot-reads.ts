/** One route whose reads a cache may answer: what differs from the hot product, the cases say. */
import type { Evidence, LoadCurveEvidence, Span, Statement, StatementReads } from '@whetstone/model'
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
  readonly one?: Statement
  readonly calls?: number
  readonly requests?: number
  readonly totalMs?: number
  readonly requestMs?: number
  readonly writes?: number
  readonly route?: string
  /** Beside the query of every request. */
  readonly spans?: readonly Span[]
}

/** One read every 100 ms, 10 ms of a request of 12. */
export function hotReads({
  keys = likedKeys,
  one = hotStatement,
  calls = 300,
  requests = calls,
  totalMs = 3_000,
  requestMs = 12,
  writes = 0,
  route = hotRoute,
  spans = [],
}: HotReads = {}) {
  const reads: readonly StatementReads[] = [
    { statementId: one.id, keyFraction: 1, keys, atMs: keys.map((_, at) => at * 100) },
  ]
  const span = query(one.id, 1, totalMs / Math.max(1, calls))
  const reviews = table('reviews', 100_000, [column('id')], {
    writes: { inserts: writes, updates: 0, heapOnlyUpdates: 0, deletes: 0 },
  })
  return {
    traces: tracesOf(times(300, trace(route, requestMs, [span, ...spans]))),
    statements: { ...statementsOf([one], [use(route, one.id, calls, totalMs, { requests, site: siteAt(7) })]), reads },
    pg: pgOf({ tables: [reviews] }),
  } satisfies Evidence
}
