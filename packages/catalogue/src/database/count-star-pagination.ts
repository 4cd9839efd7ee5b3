/** An exact count of the whole list beside every page of it. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type Span,
  type Statement,
  type StatementsEvidence,
  type Trace,
} from '@whetstone/model'
import { median } from '@whetstone/stats'
import { excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { statementsWantingIndex } from '../derive/index-limits.ts'
import { readRoutes, type RouteReading } from '../derive/routes.ts'
import { codeOf, oneLine, outermost } from '../derive/sql-code.ts'
import { siteOf, statementsById } from '../derive/statements.ts'

export const countStarPagination = definePractice({
  id: 'count-star-pagination',
  chapter: 'database',
  title: 'Do not count the whole list on every page',
  why: 'PostgreSQL counts by reading every row or index entry that matches, so the count of a list costs far more than a page of it, on each request.',
  unless: [
    'The list is short, or its condition leaves few rows.',
    'People need the exact number, as on an invoice list: then keep it beside the data.',
  ],
  sources: [
    'https://wiki.postgresql.org/wiki/Slow_Counting',
    'https://www.citusdata.com/blog/2016/10/12/count-performance/',
  ],
  needs: ['traces', 'statements'],
  optional: ['pg'],
  thresholds: {
    databaseFraction: {
      value: 0.3,
      unit: 'fraction',
      source: 'the count takes a third of the database time of the route',
    },
    timeFraction: { value: 0.05, unit: 'fraction', source: 'share of the request, as for other statements' },
    countMs: { value: 3, unit: 'ms', source: 'a faster count is felt by nobody' },
  },
  remedy: {
    summary:
      'Ask for one row more than the page holds and answer "there is more"; estimate the total where a number is wanted.',
    example: {
      language: 'sql',
      before: 'SELECT count(*) FROM orders;\nSELECT id FROM orders ORDER BY id LIMIT 20;',
      after: `SELECT id FROM orders ORDER BY id LIMIT 21;  -- 21 rows: there is a next page
SELECT reltuples::bigint FROM pg_class WHERE oid = 'orders'::regclass;  -- about how many`,
    },
  },
  detect({ traces, statements, pg }, thresholds, overrides) {
    const byId = statementsById(statements)
    const counts = statements.statements.filter(({ shape }) => shape?.isCount && !shape.groupBy)
    if (counts.length === 0) return notApplicable('nothing counts a list')
    const wanting = pg ? statementsWantingIndex(pg, statements, overrides) : new Set<string>()
    const found = [...readRoutes(traces).values()].flatMap(route =>
      counts.flatMap(count => {
        const held = route.traces.flatMap(trace => countBesidePage(trace, count, byId))
        if (wanting.has(count.id) || held.length < route.traces.length / 2 || held.length === 0) return []
        const countMs = median(held.map(one => one.countMs))
        const databaseFraction = ratioOfSums(held, one => one.databaseMs)
        const timeFraction = ratioOfSums(held, one => one.durationMs)
        const isHeavy = databaseFraction >= thresholds.databaseFraction && timeFraction >= thresholds.timeFraction
        return isHeavy && countMs >= thresholds.countMs
          ? [describe({ route, count, countMs, databaseFraction, timeFraction, traceId: held[0]!.traceId }, statements)]
          : []
      }),
    )
    return found.length > 0 ? findings(found) : pass([], 'counts beside pages are cheap')
  },
})

interface Held {
  readonly traceId: string
  readonly countMs: number
  readonly databaseMs: number
  readonly durationMs: number
}

function countBesidePage(trace: Trace, count: Statement, byId: ReadonlyMap<string, Statement>): readonly Held[] {
  const queries = trace.spans.filter(span => span.kind === 'query')
  const sum = (spans: readonly Span[]) => spans.reduce((ms, span) => ms + span.durationMs, 0)
  const own = queries.filter(span => span.statementId === count.id)
  const page = queries.find(({ statementId }) => {
    const shape = statementId === undefined ? undefined : byId.get(statementId)?.shape
    return shape?.hasLimit && !shape.isCount && shape.tables.some(table => count.shape?.tables.includes(table))
  })
  if (own.length === 0 || !page) return []
  return [{ traceId: trace.id, countMs: sum(own), databaseMs: sum(queries), durationMs: trace.durationMs }]
}

function ratioOfSums(held: readonly Held[], of: (one: Held) => number): number {
  const whole = held.reduce((sum, one) => sum + of(one), 0)
  return whole > 0 ? Math.min(1, held.reduce((sum, one) => sum + one.countMs, 0) / whole) : 0
}

interface Counted {
  readonly route: RouteReading
  readonly count: Statement
  readonly countMs: number
  readonly databaseFraction: number
  readonly timeFraction: number
  readonly traceId: string
}

function describe(counted: Counted, statements: StatementsEvidence): Finding {
  const { route, count, countMs, databaseFraction, timeFraction, traceId } = counted
  const site = siteOf(route.route, count.id, statements)
  const where = { route: route.route, statementId: count.id, ...(site ? { site } : {}) }
  const link = { traceId, statementId: count.id }
  return {
    fingerprint: fingerprintOf('count-star-pagination', where),
    practice: 'count-star-pagination',
    title: `Counting the whole list takes ${msText(countMs)} of every page`,
    where,
    facts: [
      fact('time of the count', countMs, 'ms', 'traces', link),
      fact('share of the route’s database time', databaseFraction, 'fraction', 'traces', link),
      fact('share of the request', timeFraction, 'fraction', 'traces', link),
    ],
    confidence: 'strong',
    edit: { kind: 'trace', change: { kind: 'remove', statementId: count.id }, route: route.route },
    remedy: {
      summary: 'Ask for one row more than the page holds and answer "there is more".',
      steps: [
        `"${excerpt(count.text, 110)}" takes ${percentText(timeFraction)} of the request.`,
        'Where a number is wanted, estimate it, or count up to a cap: "1,000+" is enough for most lists.',
        'Where it must be exact, keep it in a counter beside the data, or cache it for a minute.',
      ],
      ...codeOf('sql', oneLine(count.text), cheaperCount(oneLine(count.text))),
    },
  }
}

const countOnly = /^select count\( ?\* ?\)(?:::\w+)?(?: as (?:\w+|"[^"]+"))? from (?=.)/i

/** The planner's own estimate for a whole table, a count with an end for anything else; undefined for a text that is not plain. */
function cheaperCount(line: string): string | undefined {
  const [head] = countOnly.exec(line) ?? []
  if (head === undefined || /\b(having|limit|offset|fetch|union|intersect|except)\b/i.test(outermost(line)))
    return undefined
  const rest = line.slice(head.length)
  const [, table] = /^((?:[\w$]+|"[^"]+")(?:\.(?:[\w$]+|"[^"]+"))?)(?: (?:as )?(?:[\w$]+|"[^"]+"))?$/i.exec(rest) ?? []
  return table === undefined
    ? `SELECT count(*) FROM (SELECT 1 FROM ${rest} LIMIT 1001) AS capped;`
    : `SELECT reltuples::bigint FROM pg_class WHERE oid = '${table}'::regclass;`
}
