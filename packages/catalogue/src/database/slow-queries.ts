/** Statements that are slow by themselves, where no index, batch or page explains it: ranked by the time they take from everyone. */
import {
  definePractice,
  type Edit,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type PgEvidence,
  type Statement,
  type StatementsEvidence,
  type ThresholdOverrides,
} from '@whetstone/model'
import { effectiveLimits } from '../derive/effective-limits.ts'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { indexStandOf, type IndexStand, statementsWantingIndex } from '../derive/index-limits.ts'
import { proposalText } from '../derive/index-sql.ts'
import { costlyDepth, deepPageThresholds, resultSetThresholds } from '../derive/page-limits.ts'
import { placeOf } from '../derive/places.ts'
import { plansByStatement } from '../derive/plans.ts'
import { codeOf, hasPlaceholders, listItems, oneLine, outermost } from '../derive/sql-code.ts'
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
  detect({ statements, pg }, thresholds, overrides) {
    const times = statementTimes(statements)
    if (times.length === 0) return notApplicable('no request ran a statement')
    const byId = statementsById(statements)
    const wanting = pg ? statementsWantingIndex(pg, statements, overrides) : new Set<string>()
    const slow = times.filter(time => {
      const statement = byId.get(time.statementId)
      if (pg && isCheap(pg, time.statementId, thresholds)) return false
      const slowest = Math.max(...time.uses.map(use => use.maxMs))
      const isSlow = time.meanMs >= thresholds.meanMs && time.calls >= thresholds.calls
      const isHeavy =
        time.meanMs >= thresholds.meanMs || (slowest >= thresholds.singleMs && time.meanMs >= slowest / 10)
      const isRelevant = isSlow || (isHeavy && time.timeFraction >= thresholds.timeFraction)
      return (
        statement !== undefined &&
        isRelevant &&
        !wanting.has(statement.id) &&
        !hasAnotherName(statement, time, overrides)
      )
    })
    return slow.length > 0
      ? findings(
          slow.map(time => {
            const statement = byId.get(time.statementId)!
            const indexes = pg && indexStandOf(statement.id, pg, statements, overrides)
            return describe(time, statement, statements, thresholds.precomputeMs, { pg, indexes })
          }),
        )
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

/** What keyset pages or a limit would cure is reported by the practice that names the cure, by that practice's figures. */
function hasAnotherName(statement: Statement, time: StatementTime, overrides: ThresholdOverrides): boolean {
  const depthLimits = effectiveLimits(deepPageThresholds, 'keyset-pagination', overrides)
  const { rows } = effectiveLimits(resultSetThresholds, 'limit-result-sets', overrides)
  if (readsRows(statement) && costlyDepth(statement, time, depthLimits, undefined)) return true
  return time.rowsPerCall > rows && readsRows(statement) && !statement.shape?.hasLimit
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
  { pg, indexes }: { readonly pg: PgEvidence | undefined; readonly indexes: IndexStand | undefined },
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
    ...(isAggregate && time.meanMs >= precomputeMs ? { edit: precomputing(statement) } : {}),
    remedy: {
      summary: isAggregate ? 'Compute the aggregate ahead of time.' : 'Read its plan and give it less to read.',
      steps: [
        `"${excerpt(statement.text)}" ran ${countText(time.calls)} times on ${time.routes.slice(0, 3).join(', ')}.`,
        ...(isAggregate
          ? [
              'Keep the result in a materialised view or a cache that is refreshed outside requests; say how old it may be.',
              ...(hasPlaceholders(statement.text) ? [parameterAdvice(statement)] : []),
            ]
          : indexSteps(indexes)),
      ],
      ...codeOf('sql', oneLine(statement.text), codeFor(statement, isAggregate, pg)),
    },
  }
}

/** More of them than this are no advice. */
const mostProposalsTold = 3

/** Only of what was tried can it be said that it does not pay. */
function indexSteps(indexes: IndexStand | undefined): readonly string[] {
  const elsewhere = 'functions around columns, OR across tables, or a join that multiplies rows'
  if (indexes?.kind === 'tried') return [`No single index of its conditions pays: look for ${elsewhere}.`]
  if (indexes?.kind !== 'untried') return [`Look in its plan for ${elsewhere}.`]
  const proposals = indexes.proposals.slice(0, mostProposalsTold).map(proposalText)
  return [
    `An index may serve it, which could not be planned here: ${proposals.join(', or ')}. Compare EXPLAIN before and after on a copy.`,
    `Where none pays, look for ${elsewhere}.`,
  ]
}

/** Query builders bind constants of the code as parameters too. */
function parameterAdvice({ parameters, rawText, literalSets }: Statement): string {
  // The text here has `$n` for its constants too: whether it takes parameters only the text as it was sent can tell.
  if (rawText !== undefined && !hasPlaceholders(rawText) && literalSets === 1)
    return 'It takes no parameters, and what stands in its text was the same in every call: the view may hold the whole answer.'
  const seen = new Set(parameters.map(({ values }) => JSON.stringify(values)))
  return parameters.length >= leastSamples && seen.size === 1
    ? 'Its parameters were the same in every call that was looked at: where the code always sends these, the view may hold them.'
    : 'It takes parameters: keep the sums by the columns it filters on, and add up those few rows in the request.'
}

/** Fewer equal samples are chance. */
const leastSamples = 5

/** Without parameters the whole answer can be kept. With them a part is left to add up; how much, only the keys tell, so half of it is claimed. */
function precomputing({ id, text }: Statement): Edit {
  return hasPlaceholders(text)
    ? { kind: 'plan', statements: [{ statementId: id, costBefore: 2, costAfter: 1 }] }
    : { kind: 'trace', change: { kind: 'remove', statementId: id } }
}

/** `EXPLAIN (GENERIC_PLAN)`, which takes a text with `$n`, exists since this version. */
const genericPlanSince = 160_000

function codeFor(statement: Statement, isAggregate: boolean, pg: PgEvidence | undefined): string | undefined {
  const line = oneLine(statement.text)
  if (hasPlaceholders(line))
    return !isAggregate && pg && pg.serverVersion >= genericPlanSince ? `EXPLAIN (GENERIC_PLAN)\n${line};` : undefined
  if (!readsRows(statement)) return undefined
  if (!isAggregate) return `EXPLAIN (ANALYZE, BUFFERS, SETTINGS)\n${line};`
  return hasDistinctNames(line)
    ? `CREATE MATERIALIZED VIEW precomputed AS\n${line};\nREFRESH MATERIALIZED VIEW precomputed;`
    : undefined
}

/** A view needs a name of its own for every column; PostgreSQL calls `sum(a)` and `sum(b)` both `sum`. */
function hasDistinctNames(line: string): boolean {
  const end = outermost(line).search(/ from /i)
  if (!/^select /i.test(line) || end < 0) return false
  const names = listItems(line.slice('select '.length, end)).map(item => nameOfOutput(item))
  return new Set(names).size === names.length
}

function nameOfOutput(item: string): string {
  const [, alias] = / as ("[^"]+"|[\w$]+)$/i.exec(item) ?? []
  const [, call] = /^([\w$]+) ?\(/.exec(item) ?? []
  const [, column] = /(?:^|\.)("[^"]+"|[\w$]+)$/.exec(item) ?? []
  return (alias ?? column ?? call ?? '?column?').replaceAll('"', '').toLowerCase()
}
