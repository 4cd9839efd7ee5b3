/** One query per row of a list, where one query for the whole list would do. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  placeText,
  type Statement,
} from '@whetstone/model'
import { keyKnowledge } from '../derive/columns.ts'
import { countText, excerpt, fact, percentText } from '../derive/figures.ts'
import { togetherStep } from '../derive/orm.ts'
import { type LoopSummary, repeatsByStatement, summarise } from '../derive/repeats.ts'
import { forManyKeys, type KeyKnowledge, valuesText } from '../derive/rewrite-sql.ts'
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
    withRuntime: `import { batched } from '@whetstone/runtime/batch'

// Once, at start: what is asked for in one tick becomes one statement.
const itemsOf = batched(
  async (orderIds: readonly number[]) =>
    (await pool.query<Item>('SELECT * FROM items WHERE order_id = ANY($1)', [orderIds])).rows,
  { by: item => item.order_id, many: true },
)

const full = await Promise.all(orders.map(async order => ({ ...order, items: await itemsOf(order.id) })))`,
  },
  detect({ traces, statements, pg }, thresholds) {
    const byId = statementsById(statements)
    if (traces.traces.length === 0) return notApplicable('no request was traced')
    const loops = repeatsByStatement(traces).flatMap((repeats): NPlusOne[] => {
      const statement = byId.get(repeats.key)
      if (!statement || !readsRows(statement)) return []
      const loop = summarise(repeats, thresholds.runs)
      if (!loop || loop.requestFraction < thresholds.requestFraction) return []
      // Mostly equal parameters: the same row is asked for again and again, which batching does not cure.
      if (loop.distinctFraction !== undefined && loop.distinctFraction < 0.5) return []
      const heavy =
        loop.timeFraction >= thresholds.timeFraction ||
        (loop.coveredMs >= thresholds.totalMs && loop.timeFraction >= thresholds.leastTimeFraction)
      const route = repeats.route.route
      const site = siteOf(route, statement.id, statements, traces) ?? loop.site
      return heavy ? [{ statement, loop, where: { route, statementId: statement.id, ...(site ? { site } : {}) } }] : []
    })
    const found = byPlace(loops).map(group => describe(group, keyKnowledge(pg)))
    return found.length > 0
      ? findings(found)
      : pass([], `no read repeats ${thresholds.runs} times in a request at a cost`)
  },
})

/** One statement that repeats, where it comes from. */
interface NPlusOne {
  readonly statement: Statement
  readonly loop: LoopSummary
  readonly where: Finding['where']
}
type Group = readonly [NPlusOne, ...NPlusOne[]]

/** An ORM sends several statements for one line: they are one loop to whoever mends it. The longest heads them. */
function byPlace(loops: readonly NPlusOne[]): readonly Group[] {
  const groups = new Map<string, Group>()
  for (const one of loops.toSorted((a, b) => b.loop.coveredMs - a.loop.coveredMs)) {
    const key = `${one.where.route} ${placeText(one.where.site) ?? one.statement.id}`
    const [head, ...others] = groups.get(key) ?? []
    groups.set(key, head ? [head, ...others, one] : [one])
  }
  return [...groups.values()]
}

function describe(group: Group, knowledge: KeyKnowledge | undefined): Finding {
  const [{ loop, where }] = group
  const runs = group.reduce((sum, one) => sum + one.loop.count, 0)
  const listed = loop.list ? 1 : 0
  return {
    fingerprint: fingerprintOf('n-plus-one', where),
    practice: 'n-plus-one',
    title: `${countText(runs + listed)} queries per request where ${countText(group.length + listed)} would do`,
    where,
    facts: factsOf(group),
    // Without parameters it cannot be told from one row read again and again.
    confidence: loop.distinctFraction === undefined ? 'suspected' : 'strong',
    edit: {
      kind: 'trace',
      change: { kind: 'collapse', statementIds: group.map(one => one.statement.id) },
      ...(where.route === undefined ? {} : { route: where.route }),
    },
    remedy: remedyFor(group, knowledge),
  }
}

function factsOf(group: Group): Finding['facts'] {
  const [{ statement, loop }] = group
  const link = { traceId: loop.exampleTraceId, statementId: statement.id }
  return [
    ...(group.length > 1 ? [fact('statements repeated from this line', group.length, 'count', 'traces', link)] : []),
    fact('runs of one statement per request', loop.count, 'count', 'traces', link),
    fact('time in them per request', loop.coveredMs, 'ms', 'traces', link),
    fact('share of the request', loop.timeFraction, 'fraction', 'traces', link),
    fact('one run', loop.perRunMs, 'ms', 'traces', link),
    ...(loop.list ? [fact('rows of the list before them', loop.list.rows, 'rows', 'traces', link)] : []),
  ]
}

function remedyFor(group: Group, knowledge: KeyKnowledge | undefined): Finding['remedy'] {
  const [{ statement, loop, where }] = group
  const [call, caller] = where.site ?? []
  const many = forManyKeys(statement, knowledge)
  const isAggregate = statement.shape?.isCount || statement.shape?.hasAggregate
  const isOne = many !== undefined && knowledge?.isUnique(statement.shape?.tables[0] ?? '', many.keyColumn)
  const reads = statement.shape?.isCount ? 'count' : isOne ? 'one' : 'many'
  const withOrm = isAggregate && reads !== 'count' ? undefined : togetherStep(statement.issuedBy, reads)
  const inGraphql = /^\S+ \S+ \S/.test(where.route ?? '')
  const steps = [
    ...(call
      ? [
          `${group.length === 1 ? 'The query runs' : `${countText(group.length)} statements run`} at ${call.file}:${call.line}${caller ? `, called from ${caller.file}:${caller.line}` : ''}.`,
        ]
      : []),
    loop.concurrent
      ? 'The runs are already started together: they still cost one connection and one round trip each, so put them into one.'
      : 'Take the query out of the loop: collect the keys first, run it once, then give each row of the list its part.',
    // Loading every row to count them would be worse than the loop.
    ...(isAggregate ? ['Count for all keys at once: GROUP BY the key.'] : []),
    ...(withOrm === undefined ? [] : [withOrm]),
    ...(inGraphql ? ['In a resolver, call a DataLoader made per request; it collects the keys of one tick.'] : []),
    `${group.length === 1 ? 'It takes' : 'The longest of them takes'} ${percentText(loop.timeFraction)} of the request now; the one query left costs about as much as the rows it returns.`,
  ]
  return {
    summary: `Run "${excerpt(statement.text, 60)}" once for all ${countText(loop.count)} keys.`,
    steps,
    ...codeOf(
      'ts',
      `for (const key of keys) await db.query(\`${oneLine(statement.text)}\`, ${valuesText(statement.text, many?.parameter ?? 1, 'key')})`,
      many &&
        `const { rows } = await db.query(
  \`${many.sql}\`,
  ${valuesText(many.sql, many.parameter, 'keys')},
)
const rowsByKey = new Map()
for (const row of rows) rowsByKey.set(row.${many.keyColumn}, [...(rowsByKey.get(row.${many.keyColumn}) ?? []), row])`,
    ),
  }
}
