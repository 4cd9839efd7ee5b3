/** The same row read again within one request, because nobody passed it on. */
import {
  definePractice,
  type Finding,
  findings,
  fingerprintOf,
  notApplicable,
  pass,
  type Statement,
  type StatementsEvidence,
  type TracesEvidence,
} from '@whetstone/model'
import { median } from '@whetstone/stats'
import { countText, excerpt, fact, percentText } from '../derive/figures.ts'
import { type Loop, repeatsByStatement } from '../derive/repeats.ts'
import { endMs } from '../derive/spans.ts'
import { readsRows, siteOf, statementsById, workOf } from '../derive/statements.ts'

export const duplicateQueries = definePractice({
  id: 'duplicate-queries',
  chapter: 'database',
  title: 'Ask for the same row once per request',
  why: 'A helper that loads the same user, tenant or setting for each of its callers pays the round trip every time, and holds a connection others wait for.',
  unless: [
    'Something wrote to the table in between: then the second read is meant.',
    'The statement returns a new value each time, such as a sequence or the clock.',
  ],
  sources: [
    'https://github.com/graphql/dataloader#caching',
    'https://guides.rubyonrails.org/caching_with_rails.html#sql-caching',
  ],
  needs: ['traces', 'statements'],
  thresholds: {
    requestFraction: {
      value: 0.2,
      unit: 'fraction',
      source: 'in a fifth of the requests it is a habit, not an accident',
    },
    timeFraction: { value: 0.05, unit: 'fraction', source: 'Sentry: below 5 % of the request users asked for silence' },
  },
  remedy: {
    summary:
      'Load it once at the start of the request and pass it on, or keep a promise per key for the length of the request.',
    library: 'DataLoader made per request',
    example: {
      language: 'ts',
      before: `const user = await loadUser(id)   // in the auth hook
const again = await loadUser(id)  // in the handler, and in the price helper`,
      after: `request.user ??= loadUser(id)
const user = await request.user   // one query, whoever asks first`,
    },
  },
  detect({ traces, statements }, thresholds) {
    if (traces.traces.length === 0) return notApplicable('no request was traced')
    const byId = statementsById(statements)
    const found = repeatsByStatement(traces).flatMap(repeats => {
      const statement = byId.get(repeats.key)
      if (!statement || !readsRows(statement)) return []
      const loops = repeats.loops.filter(loop => duplicatesIn(loop) > 0 && !isWrittenBetween(loop, statement, byId))
      const extraMs = loops.reduce((sum, loop) => sum + loop.coveredMs * (duplicatesIn(loop) / loop.spans.length), 0)
      const allMs = loops.reduce((sum, loop) => sum + loop.trace.durationMs, 0)
      const requestFraction = loops.length / Math.max(1, repeats.route.traces.length)
      const timeFraction = allMs > 0 ? extraMs / allMs : 0
      const isHabit = requestFraction >= thresholds.requestFraction && timeFraction >= thresholds.timeFraction
      return isHabit ? [{ statement, loops, route: repeats.route.route, requestFraction, timeFraction }] : []
    })
    return found.length > 0
      ? findings(found.map(duplicates => describe(duplicates, traces, statements)))
      : pass([], 'no row is read twice in a request at a cost')
  },
})

/** Runs beyond the first of each parameter set; 0 when the parameters are not known. */
function duplicatesIn(loop: Loop): number {
  return loop.distinctParameters === undefined ? 0 : loop.spans.length - loop.distinctParameters
}

function isWrittenBetween(loop: Loop, statement: Statement, byId: ReadonlyMap<string, Statement>): boolean {
  const from = Math.min(...loop.spans.map(endMs))
  const until = Math.max(...loop.spans.map(span => span.startMs))
  return loop.trace.spans.some(span => {
    const other = span.statementId === undefined ? undefined : byId.get(span.statementId)
    const isBetween = span.startMs >= from && span.startMs <= until
    // A write whose tables are unknown might have touched this one.
    const touches = !other?.shape || other.shape.tables.some(table => statement.shape?.tables.includes(table) ?? true)
    return isBetween && workOf(other) === 'write' && touches
  })
}

interface Duplicates {
  readonly statement: Statement
  readonly loops: readonly Loop[]
  readonly route: string
  readonly requestFraction: number
  readonly timeFraction: number
}

function describe(
  { statement, loops, route, requestFraction, timeFraction }: Duplicates,
  traces: TracesEvidence,
  statements: StatementsEvidence,
): Finding {
  const runs = median(loops.map(loop => loop.spans.length))
  const distinct = median(loops.map(loop => loop.distinctParameters ?? 1))
  const site = siteOf(route, statement.id, statements, traces)
  const where = { route, statementId: statement.id, ...(site ? { site } : {}) }
  const link = { traceId: loops[0]!.trace.id, statementId: statement.id }
  const places = [
    ...new Set(
      loops.flatMap(loop => loop.spans).flatMap(({ site: own }) => (own?.[0] ? [`${own[0].file}:${own[0].line}`] : [])),
    ),
  ]
  return {
    fingerprint: fingerprintOf('duplicate-queries', where),
    practice: 'duplicate-queries',
    title: `${countText(runs)} reads per request where ${countText(distinct)} would do`,
    where,
    facts: [
      fact('runs per request', runs, 'count', 'traces', link),
      fact('different parameters per request', distinct, 'count', 'traces', link),
      fact('share of the request in repeated reads', timeFraction, 'fraction', 'traces', link),
      fact('requests that repeat it', requestFraction, 'fraction', 'traces', link),
    ],
    confidence: 'strong',
    edit: { kind: 'trace', change: { kind: 'deduplicate', statementId: statement.id }, route },
    remedy: {
      summary: `Run "${excerpt(statement.text, 60)}" once per request and pass its rows on.`,
      steps: [
        ...(places.length > 0 ? [`It runs from ${places.slice(0, 4).join(', ')}.`] : []),
        `The repeats take ${percentText(timeFraction)} of the request, in ${percentText(requestFraction)} of the requests.`,
        'Keep the promise, not the row: callers that come while it is on its way then share it too.',
      ],
      code: {
        language: 'ts',
        after: `const memo = new Map<string, Promise<unknown>>() // one per request, never one per process
const once = <T>(key: string, load: () => Promise<T>) => {
  if (!memo.has(key)) memo.set(key, load())
  return memo.get(key) as Promise<T>
}`,
      },
    },
  }
}
