/** Statements that are slow by themselves, where no index, batch or page explains it: ranked by the time they take from everyone. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgEvidence,
  type Statement,
  type StatementsEvidence,
} from '@whetstone/model'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { statementsWantingIndex } from '../derive/index-limits.ts'
import { deepOffset } from '../derive/offsets.ts'
import { placeOf } from '../derive/places.ts'
import { plansByStatement } from '../derive/plans.ts'
import { type StatementTime, statementTimes } from '../derive/statement-time.ts'
import { readsRows, statementsById } from '../derive/statements.ts'

export const slowQueries = definePractice({
  id: 'slow-queries',
  chapter: 'database',
  title: 'Find the slow queries and start with the heaviest',
  why: 'A few statements take most of the database’s time; they also hold connections and evict pages that every other request needs.',
  unless: [
    'Nobody waits for it: a nightly report may take its time.',
    'It is fast and only runs often: then it is a matter of asking less, not of a faster statement.',
  ],
  sources: [
    'https://github.com/ankane/pghero',
    'https://www.postgresql.org/docs/current/pgstatstatements.html',
    'https://docs.sentry.io/product/issues/issue-details/performance-issues/slow-db-queries/',
  ],
  needs: ['statements'],
  optional: ['pg'],
  thresholds: {
    meanMs: { value: 20, unit: 'ms', source: 'PgHero slow_query_ms' },
    calls: { value: 100, unit: 'count', source: 'PgHero slow_query_calls' },
    timeFraction: {
      value: 0.05,
      unit: 'fraction',
      source: 'share of the database time in a run too short for 100 calls',
    },
    cost: { value: 100, unit: 'cost', source: 'dexter --min-cost: a cheaper plan is not slow by itself' },
    singleMs: { value: 500, unit: 'ms', source: 'Sentry slow DB query' },
    precomputeMs: { value: 100, unit: 'ms', source: 'an aggregate that takes half of the 200 ms a request may take' },
  },
  remedy: {
    summary: 'Read its plan; give it less to read, or compute the answer ahead of time.',
    example: {
      language: 'sql',
      before: 'SELECT day, sum(total) FROM orders GROUP BY day;  -- on every request',
      after: `CREATE MATERIALIZED VIEW sales_by_day AS SELECT day, sum(total) FROM orders GROUP BY day;
CREATE UNIQUE INDEX ON sales_by_day (day);
REFRESH MATERIALIZED VIEW CONCURRENTLY sales_by_day;  -- every minute, outside requests`,
    },
  },
  detect({ statements, pg }, thresholds) {
    const times = statementTimes(statements)
    if (times.length === 0) return notApplicable('no request ran a statement')
    const byId = statementsById(statements)
    const wanting = pg ? statementsWantingIndex(pg, statements) : new Set<string>()
    const slow = times.filter(time => {
      const statement = byId.get(time.statementId)
      if (pg && isCheap(pg, time.statementId, thresholds)) return false
      const slowest = Math.max(...time.uses.map(use => use.maxMs))
      const isSlow = time.meanMs >= thresholds.meanMs && time.calls >= thresholds.calls
      const isHeavy =
        time.meanMs >= thresholds.meanMs || (slowest >= thresholds.singleMs && time.meanMs >= slowest / 10)
      const isRelevant = isSlow || (isHeavy && time.timeFraction >= thresholds.timeFraction)
      return statement !== undefined && isRelevant && !hasAnotherName(statement, time, wanting)
    })
    return slow.length > 0
      ? findings(slow.map(time => describe(time, byId.get(time.statementId)!, statements, thresholds.precomputeMs)))
      : pass(
          [fact('slowest mean', Math.max(...times.map(time => time.meanMs)), 'ms', 'statements')],
          'no statement is slow by itself',
        )
  },
})

/** A cheap plan, or a server that answered fast, that the client still waited for: the machine was busy, not the statement slow. */
function isCheap(
  pg: PgEvidence,
  statementId: string,
  limits: { readonly meanMs: number; readonly cost: number },
): boolean {
  const server = pg.statements.find(statement => statement.statementId === statementId)
  const plans = plansByStatement(pg).get(statementId) ?? []
  const hasCheapPlan = plans.length > 0 && plans.every(plan => plan.totalCost < limits.cost)
  return hasCheapPlan || (server !== undefined && server.calls > 0 && server.meanMs < limits.meanMs)
}

/** What an index, keyset pages or a limit would cure is reported by the practice that names the cure. */
function hasAnotherName(statement: Statement, time: StatementTime, wanting: ReadonlySet<string>): boolean {
  if (wanting.has(statement.id)) return true
  if (statement.shape?.hasOffset && deepOffset(statement, 1_000, undefined)) return true
  return time.rowsPerCall > 1_000 && readsRows(statement) && !statement.shape?.hasLimit
}

/** Enough to tell it from the others in a list of findings. */
function nameOf({ shape }: Statement): string {
  const tables = shape?.tables.slice(0, 2).join(' and ') ?? ''
  if (tables === '') return 'A statement'
  return shape?.isCount ? `A count of ${tables}` : `A statement on ${tables}`
}

function describe(
  time: StatementTime,
  statement: Statement,
  statements: StatementsEvidence,
  precomputeMs: number,
): Finding {
  const where = placeOf(statement.id, statements)
  const link = { statementId: statement.id }
  const isAggregate = (statement.shape?.hasAggregate ?? false) || (statement.shape?.groupBy ?? false)
  const maxMs = Math.max(...time.uses.map(use => use.maxMs))
  return {
    fingerprint: fingerprintOf('slow-queries', { statementId: statement.id }),
    practice: 'slow-queries',
    title: `${nameOf(statement)} takes ${msText(time.meanMs)} each time, ${percentText(time.timeFraction)} of the database time`,
    where,
    facts: [
      fact('mean', time.meanMs, 'ms', 'statements', link),
      fact('slowest', maxMs, 'ms', 'statements', link),
      fact('calls', time.calls, 'count', 'statements', link),
      fact('share of the database time', time.timeFraction, 'fraction', 'statements', link),
      fact('rows per call', time.rowsPerCall, 'rows', 'statements', link),
    ],
    confidence: 'strong',
    // Only an aggregate has a remedy that takes it out of the request whole.
    ...(isAggregate && time.meanMs >= precomputeMs
      ? { edit: { kind: 'trace' as const, change: { kind: 'remove' as const, statementId: statement.id } } }
      : {}),
    remedy: {
      summary: isAggregate ? 'Compute the aggregate ahead of time.' : 'Read its plan and give it less to read.',
      steps: [
        `"${excerpt(statement.text)}" ran ${countText(time.calls)} times on ${time.routes.slice(0, 3).join(', ')}.`,
        ...(isAggregate
          ? [
              'Keep the result in a materialised view or a cache that is refreshed outside requests; say how old it may be.',
            ]
          : [
              'No single index of its conditions pays: look for functions around columns, OR across tables, or a join that multiplies rows.',
            ]),
      ],
      code: {
        language: 'sql',
        before: excerpt(statement.text, 400),
        after: isAggregate
          ? `CREATE MATERIALIZED VIEW precomputed AS\n${excerpt(statement.text, 400)};\nREFRESH MATERIALIZED VIEW precomputed;`
          : `EXPLAIN (ANALYZE, BUFFERS, SETTINGS)\n${excerpt(statement.text, 400)};`,
      },
    },
  }
}
