/** Queries awaited one after another although none needs the answer of the one before. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type Site,
  type Span,
  type Statement,
  type StatementsEvidence,
  type Trace,
} from '@whetstone/model'
import { median } from '@whetstone/stats'
import { countText, excerpt, fact, msText, percentText } from '../derive/figures.ts'
import { readPools } from '../derive/pools.ts'
import { readRoutes, type RouteReading } from '../derive/routes.ts'
import { endMs } from '../derive/spans.ts'
import { readsRows, siteOf, statementsById } from '../derive/statements.ts'

export const sequentialIndependentQueries = definePractice({
  id: 'sequential-independent-queries',
  chapter: 'database',
  title: 'Run independent queries together',
  why: 'Three queries that do not need each other take the sum of their times when awaited in turn, and the longest of them when started together.',
  unless: [
    'They run in one transaction: one connection does one thing at a time.',
    'The database or the pool is busy: then running together only moves the queue.',
    'The first one decides whether the others may run, as a check of permissions does.',
  ],
  sources: [
    'https://docs.sentry.io/product/issues/issue-details/performance-issues/consecutive-db-queries/',
    'https://node-postgres.com/guides/project-structure',
  ],
  needs: ['traces', 'statements'],
  optional: ['runtime'],
  thresholds: {
    spanMs: {
      value: 10,
      unit: 'ms',
      source: 'below it a second connection costs about what it saves; Sentry asks for 30',
    },
    savedMs: { value: 100, unit: 'ms', source: 'Sentry consecutive DB queries, least time saved' },
    savedFraction: { value: 0.2, unit: 'fraction', source: 'a fifth of the median request' },
    requestFraction: {
      value: 0.5,
      unit: 'fraction',
      source: 'in most requests of the route it is the way it is written',
    },
    waitFraction: { value: 0.05, unit: 'fraction', source: 'requests that wait for a connection already' },
  },
  remedy: {
    summary: 'Start them together with Promise.all, or ask for all of it in one statement.',
    example: {
      language: 'ts',
      before: `const orders = await loadOrders(userId)
const messages = await loadMessages(userId)
const offers = await loadOffers()`,
      after: `const [orders, messages, offers] = await Promise.all([
  loadOrders(userId),
  loadMessages(userId),
  loadOffers(),
])`,
    },
  },
  detect({ traces, statements, runtime }, thresholds) {
    const byId = statementsById(statements)
    const pool = runtime && readPools(runtime).main
    if (traces.traces.length === 0) return notApplicable('no request was traced')
    const found = [...readRoutes(traces).values()].flatMap(route => {
      const isStarved = route.aggregate.requestsThatWaited / route.requests >= thresholds.waitFraction
      const groups = groupsOf(route, byId, thresholds.spanMs)
      return isStarved
        ? []
        : [...groups.values()].flatMap(rows => {
            const savedMs = median(rows.map(saved))
            const size = rows[0]!.spans.length
            const isHabit = rows.length >= route.traces.length * thresholds.requestFraction
            const pays = savedMs >= thresholds.savedMs || savedMs >= route.p50Ms * thresholds.savedFraction
            const fits = pool === undefined || size <= pool.maxConnections / 2
            return isHabit && pays && fits ? [describe(route, rows, savedMs, byId, statements)] : []
          })
    })
    return found.length > 0 ? findings(found) : pass([], 'no independent queries wait for each other at a cost')
  },
})

interface Row {
  readonly trace: Trace
  readonly spans: readonly Span[]
}

/** Time that disappears when only the longest is waited for. */
function saved({ spans }: Row): number {
  const durations = spans.map(span => span.durationMs)
  return durations.reduce((sum, ms) => sum + ms, 0) - Math.max(...durations)
}

/** By the set of statements, all rows of a route that run the same ones in turn. */
function groupsOf(
  route: RouteReading,
  byId: ReadonlyMap<string, Statement>,
  leastMs: number,
): ReadonlyMap<string, readonly Row[]> {
  const groups = new Map<string, Row[]>()
  for (const trace of route.traces) {
    for (const spans of independentRows(trace, byId, leastMs)) {
      const key = spans
        .flatMap(span => span.statementId ?? [])
        .toSorted()
        .join(' ')
      groups.set(key, [...(groups.get(key) ?? []), { trace, spans }])
    }
  }
  return groups
}

/** Neighbours in time, none overlapping, different statements, each known not to need the ones before. */
function independentRows(
  trace: Trace,
  byId: ReadonlyMap<string, Statement>,
  leastMs: number,
): readonly (readonly Span[])[] {
  const rows: Span[][] = []
  let row: Span[] = []
  const finish = () => {
    if (row.length > 1) rows.push(row)
    row = []
  }
  const queries = trace.spans.filter(span => span.kind === 'query').toSorted((a, b) => a.startMs - b.startMs)
  for (const span of queries) {
    const statement = span.statementId === undefined ? undefined : byId.get(span.statementId)
    const isCandidate =
      statement !== undefined && readsRows(statement) && span.transaction === undefined && span.durationMs >= leastMs
    const previous = row.at(-1)
    const follows = previous !== undefined && span.startMs >= endMs(previous)
    const isNew = row.every(other => other.statementId !== span.statementId)
    if (isCandidate && follows && isNew && isIndependent(span, row, statement)) row.push(span)
    else {
      finish()
      if (isCandidate) row = [span]
    }
  }
  finish()
  return rows
}

/** It takes no parameters, or the very ones an earlier query was given before any of them had answered. */
function isIndependent(span: Span, row: readonly Span[], { text }: Statement): boolean {
  if (!/\$\d/.test(text)) return true
  return span.parametersHash !== undefined && span.parametersHash === row[0]?.parametersHash
}

function describe(
  route: RouteReading,
  rows: readonly Row[],
  savedMs: number,
  byId: ReadonlyMap<string, Statement>,
  statements: StatementsEvidence,
): Finding {
  const { spans, trace } = rows[0]!
  const ids = spans.flatMap(span => span.statementId ?? [])
  const sites = ids.flatMap<Site>(id => siteOf(route.route, id, statements) ?? [])
  const site = spans.find(span => span.site?.length)?.site ?? sites[0]
  const where = { route: route.route, statementId: ids[0]!, ...(site ? { site } : {}) }
  const takesNone = ids.every(id => !/\$\d/.test(byId.get(id)?.text ?? ''))
  const link = { traceId: trace.id, statementId: ids[0]! }
  const fraction = Math.min(1, savedMs / Math.max(1e-9, route.p50Ms))
  return {
    fingerprint: fingerprintOf('sequential-independent-queries', {
      route: route.route,
      resource: ids.toSorted().join(' '),
    }),
    practice: 'sequential-independent-queries',
    title: `${countText(ids.length)} independent queries run one after another; together they take ${msText(savedMs)} less`,
    where,
    facts: [
      fact('queries in a row', ids.length, 'count', 'traces', link),
      fact('time saved when started together', savedMs, 'ms', 'traces', link),
      fact('share of the median request', fraction, 'fraction', 'traces', link),
      fact('requests that do it', rows.length / Math.max(1, route.traces.length), 'fraction', 'traces', link),
    ],
    // Equal parameters show where they came from, not whether the code needs the first answer to go on.
    confidence: takesNone ? 'strong' : 'suspected',
    edit: { kind: 'trace', change: { kind: 'parallelise', statementIds: ids }, route: route.route },
    remedy: {
      summary: 'Start them together and await them together.',
      steps: [
        ...ids.map(
          (id, at) =>
            `${at + 1}. "${excerpt(byId.get(id)?.text ?? id, 110)}", ${msText(median(rows.map(row => row.spans[at]?.durationMs ?? 0)))}.`,
        ),
        'Check first that none decides whether the next may run.',
        `It returns ${percentText(fraction)} of the median request, and takes ${ids.length} connections at once instead of one.`,
      ],
      code: {
        language: 'ts',
        before: ids.map((_, at) => `const part${at + 1} = await query${at + 1}()`).join('\n'),
        after: `const [${ids.map((_, at) => `part${at + 1}`).join(', ')}] = await Promise.all([${ids.map((_, at) => `query${at + 1}()`).join(', ')}])`,
      },
    },
  }
}
