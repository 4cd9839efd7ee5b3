/** One query per row of a list, where one query for the whole list would do. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type Statement,
} from '@whetstone/model'
import { keyKnowledge } from '../derive/columns.ts'
import { countText, excerpt, fact, percentText } from '../derive/figures.ts'
import { ormAdvice } from '../derive/orm.ts'
import { type LoopSummary, repeatsByStatement, summarise } from '../derive/repeats.ts'
import { forManyKeys, type KeyKnowledge } from '../derive/rewrite-sql.ts'
import { codeOf, oneLine } from '../derive/sql-code.ts'
import { readsRows, siteOf, statementsById } from '../derive/statements.ts'

export const nPlusOne = definePractice({
  id: 'n-plus-one',
  chapter: 'database',
  title: 'Fetch related rows in one query',
  why: 'Each repeat pays a round trip, a parse and a plan of its own, so the latency of the request grows with the length of its list.',
  unless: [
    'The repeats take a tiny share of the request: then the time is elsewhere, and so is the remedy.',
    'Each run takes locks in a certain order.',
    'The list is bounded by a small constant and the database is in the same process.',
  ],
  sources: [
    'https://docs.sentry.io/product/issues/issue-details/performance-issues/n-one-queries/',
    'https://github.com/graphql/dataloader#batching',
    'https://www.postgresql.org/docs/current/functions-comparisons.html#FUNCTIONS-COMPARISONS-ANY-SOME',
  ],
  needs: ['traces', 'statements'],
  optional: ['pg'],
  thresholds: {
    runs: { value: 5, unit: 'count', source: 'Sentry N+1 DB queries, default count' },
    totalMs: { value: 50, unit: 'ms', source: 'Sentry performance.issues.n_plus_one_db.duration_threshold' },
    timeFraction: {
      value: 0.1,
      unit: 'fraction',
      source: 'a tenth of the request: below, users asked for silence (Sentry #49998)',
    },
    leastTimeFraction: { value: 0.05, unit: 'fraction', source: 'Sentry M:N+1, least share of database time' },
    requestFraction: {
      value: 0.05,
      unit: 'fraction',
      source: 'a loop in fewer requests than one in twenty cannot move the p95',
    },
  },
  remedy: {
    summary: 'Collect the keys of the list and load all their rows with one statement.',
    library: 'DataLoader, or the include/populate option of your ORM',
    example: {
      language: 'ts',
      before: `for (const order of orders) {
  order.items = await db.query('SELECT * FROM items WHERE order_id = $1', [order.id])
}`,
      after: `const items = await db.query('SELECT * FROM items WHERE order_id = ANY($1)', [orders.map(order => order.id)])
for (const order of orders) order.items = items.filter(item => item.order_id === order.id)`,
    },
  },
  detect({ traces, statements, pg }, thresholds) {
    const byId = statementsById(statements)
    if (traces.traces.length === 0) return notApplicable('no request was traced')
    const found: Finding[] = []
    for (const repeats of repeatsByStatement(traces)) {
      const statement = byId.get(repeats.key)
      if (!statement || !readsRows(statement)) continue
      const loop = summarise(repeats, thresholds.runs)
      if (!loop || loop.requestFraction < thresholds.requestFraction) continue
      // Mostly equal parameters: the same row is asked for again and again, which batching does not cure.
      if (loop.distinctFraction !== undefined && loop.distinctFraction < 0.5) continue
      const heavy =
        loop.timeFraction >= thresholds.timeFraction ||
        (loop.coveredMs >= thresholds.totalMs && loop.timeFraction >= thresholds.leastTimeFraction)
      if (!heavy) continue
      const site = siteOf(repeats.route.route, statement.id, statements, traces) ?? loop.site
      const where = { route: repeats.route.route, statementId: statement.id, ...(site ? { site } : {}) }
      const before = loop.count + (loop.list ? 1 : 0)
      found.push({
        fingerprint: fingerprintOf('n-plus-one', where),
        practice: 'n-plus-one',
        title: `${countText(before)} queries per request where ${loop.list ? 2 : 1} would do`,
        where,
        facts: factsOf(loop, statement.id),
        // Without parameters it cannot be told from one row read again and again.
        confidence: loop.distinctFraction === undefined ? 'suspected' : 'strong',
        edit: { kind: 'trace', change: { kind: 'collapse', statementId: statement.id }, route: repeats.route.route },
        remedy: remedyFor(statement, loop, where, keyKnowledge(pg)),
      })
    }
    return found.length > 0
      ? findings(found)
      : pass([], `no read repeats ${thresholds.runs} times in a request at a cost`)
  },
})

function factsOf(loop: LoopSummary, statementId: string): Finding['facts'] {
  const link = { traceId: loop.exampleTraceId, statementId }
  return [
    fact('runs of one statement per request', loop.count, 'count', 'traces', link),
    fact('time in them per request', loop.coveredMs, 'ms', 'traces', link),
    fact('share of the request', loop.timeFraction, 'fraction', 'traces', link),
    fact('one run', loop.perRunMs, 'ms', 'traces', link),
    ...(loop.list ? [fact('rows of the list before them', loop.list.rows, 'rows', 'traces', link)] : []),
  ]
}

function remedyFor(
  statement: Statement,
  loop: LoopSummary,
  where: Finding['where'],
  knowledge: KeyKnowledge | undefined,
): Finding['remedy'] {
  const [call, caller] = where.site ?? []
  const many = forManyKeys(statement, knowledge)
  const orm = ormAdvice(statement.issuedBy)
  const inGraphql = /^\S+ \S+ \S/.test(where.route ?? '')
  const steps = [
    ...(call
      ? [`The query runs at ${call.file}:${call.line}${caller ? `, called from ${caller.file}:${caller.line}` : ''}.`]
      : []),
    loop.concurrent
      ? 'The runs are already started together: they still cost one connection and one round trip each, so put them into one.'
      : 'Take the query out of the loop: collect the keys first, run it once, then give each row of the list its part.',
    ...(orm ? [`${orm.name} does it for you: ${orm.eagerLoad}`] : []),
    ...(inGraphql ? ['In a resolver, call a DataLoader made per request; it collects the keys of one tick.'] : []),
    `It takes ${percentText(loop.timeFraction)} of the request now; the one query left costs about as much as the rows it returns.`,
  ]
  return {
    summary: `Run "${excerpt(statement.text, 60)}" once for all ${countText(loop.count)} keys.`,
    steps,
    ...codeOf(
      'ts',
      `for (const key of keys) await db.query(\`${oneLine(statement.text)}\`, [key])`,
      many &&
        `const { rows } = await db.query(
  \`${many.sql}\`,
  [keys],${many.parameter === 1 ? '' : ` // keys are parameter ${many.parameter}; the others stay as they are`}
)
const rowsByKey = new Map()
for (const row of rows) rowsByKey.set(row.${many.keyColumn}, [...(rowsByKey.get(row.${many.keyColumn}) ?? []), row])`,
    ),
  }
}
