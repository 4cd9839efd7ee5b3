/** Rows of a second table joined in for every request, multiplied, and never answered. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type Statement,
  type StatementsEvidence,
} from '@whetstone/model'
import { readAnswer } from '../derive/answers.ts'
import { countText, excerpt, fact, percentText } from '../derive/figures.ts'
import { ormAdvice } from '../derive/orm.ts'
import { resultSetThresholds } from '../derive/page-limits.ts'
import { readRoutes, type RouteReading } from '../derive/routes.ts'
import { type RouteUse, routeUses } from '../derive/statement-time.ts'
import { readsRows, siteOf, statementsById } from '../derive/statements.ts'

/** Of a row whose width nobody knows: two tables have it. */
const ROW_BYTES = 100

export const eagerVsLazy = definePractice({
  id: 'eager-vs-lazy',
  chapter: 'database',
  title: 'Load eagerly what is shown, lazily what is not',
  why: 'A join with a table of children repeats the parent for each child, and the database, the wire and the mapper carry them all, whether the answer shows them or not; loading them one by one is the opposite mistake.',
  unless: [
    'The children are counted or summed in code: then let the statement do it.',
    'The join only filters the parents: EXISTS does that without repeating them.',
  ],
  sources: [
    'https://sequelize.org/docs/v6/advanced-association-concepts/eager-loading/',
    'https://www.postgresql.org/docs/current/functions-subquery.html#FUNCTIONS-SUBQUERY-EXISTS',
  ],
  needs: ['statements', 'traces'],
  optional: ['http-probe'],
  thresholds: {
    multiplied: {
      value: 3,
      unit: 'ratio',
      source: 'three rows joined for each object in the answer: most are thrown away',
    },
    rows: { value: 100, unit: 'rows', source: 'a page of a list: below, a join costs less than a second question' },
    timeFraction: {
      value: 0.2,
      unit: 'fraction',
      source: 'a fifth of the route without its waits for a connection, so that leaving them out is felt',
    },
    listRows: resultSetThresholds.rows,
  },
  remedy: {
    summary:
      'Leave out of the list what it does not show; where it is shown, load the children of all parents with one statement.',
    library: '@whetstone/runtime/batch batched({ many: true }), DataLoader, or the separate-query include of your ORM',
    example: {
      language: 'ts',
      before: `const { rows } = await db.query('SELECT o.*, i.* FROM orders o LEFT JOIN items i ON i.order_id = o.id LIMIT 500')
return uniqueOrders(rows)`,
      after: `const { rows: orders } = await db.query('SELECT id, status FROM orders ORDER BY id LIMIT 25')
// only where items are shown:
const itemsOf = batched((ids: readonly number[]) => itemsByOrders(ids), { by: item => item.order_id, many: true })`,
    },
  },
  detect({ statements, traces, 'http-probe': probes }, thresholds, overrides) {
    const byId = statementsById(statements)
    const routes = readRoutes(traces)
    const joins = routeUses(statements).filter(use => isJoin(byId.get(use.statementId)))
    if (joins.length === 0) return notApplicable('no statement joins tables')
    const listRows = overrides('limit-result-sets')['rows'] ?? thresholds.listRows
    const found = joins.flatMap(use => {
      const statement = byId.get(use.statementId)!
      const route = routes.get(use.route)
      if (!route || use.calls === 0) return []
      const rows = use.rows / use.calls
      const { items, isExport } = readAnswer(use.route, probes, traces)
      // A list without end is the cause of another practice.
      if (rows > listRows && !statement.shape?.hasLimit) return []
      if (items === undefined || isExport || rows < thresholds.rows || rows < items * thresholds.multiplied) return []
      // Objects of the answer may come from several calls: only where one call makes the list are its rows compared with it.
      if (use.calls > use.requests * 1.5 || use.totalMs < route.workMs * thresholds.timeFraction) return []
      return [describe({ use, statement, route, rows, items }, statements)]
    })
    return found.length > 0 ? findings(found) : pass([], 'joins return about as many rows as the answers show')
  },
})

function isJoin(statement: Statement | undefined): statement is Statement {
  const { shape } = statement ?? {}
  if (!shape || !readsRows(statement) || shape.hasAggregate || shape.groupBy || shape.isCount) return false
  return new Set(shape.tables).size > 1 && shape.conditions.some(({ operator }) => operator === 'join')
}

interface Eager {
  readonly use: RouteUse
  readonly statement: Statement
  readonly route: RouteReading
  readonly rows: number
  readonly items: number
}

function describe({ use, statement, route, rows, items }: Eager, statements: StatementsEvidence): Finding {
  const site = siteOf(use.route, statement.id, statements)
  const where = { route: use.route, statementId: statement.id, ...(site ? { site } : {}) }
  const link = { statementId: statement.id }
  const tables = [...new Set(statement.shape?.tables)]
  const timeFraction = Math.min(1, use.totalMs / route.totalMs)
  const orm = ormAdvice(statement.issuedBy)
  return {
    fingerprint: fingerprintOf('eager-vs-lazy', where),
    practice: 'eager-vs-lazy',
    title: `${countText(rows)} rows joined for an answer of ${countText(items)}`,
    where,
    facts: [
      fact('rows per call', rows, 'rows', 'statements', link),
      fact('objects in the answer', items, 'count', 'http-probe', link),
      fact('time of a call', use.totalMs / use.calls, 'ms', 'statements', link),
      fact('share of the route time', timeFraction, 'fraction', 'traces', link),
    ],
    // Code between the query and the answer may still read them.
    confidence: 'suspected',
    edit: {
      kind: 'bytes',
      route: use.route,
      bytesBefore: Math.round((use.rows / Math.max(1, use.requests)) * ROW_BYTES),
      bytesAfter: Math.round(items * ROW_BYTES),
      statementId: statement.id,
    },
    remedy: {
      summary: `Leave the join of ${tables.join(' and ')} out of the list, or load the children apart.`,
      steps: [
        `"${excerpt(statement.text, 110)}" returns ${countText(rows / Math.max(1, items))} rows for each object in the answer and takes ${percentText(timeFraction)} of the route.`,
        'Where the join only filters, say EXISTS; where children are counted, count them in the statement.',
        'Where they are shown after all, collect the keys of the parents and load all their children at once.',
        ...(orm ? [`${orm.name}: drop the include, or let it load the relation with a query of its own.`] : []),
      ],
    },
  }
}
