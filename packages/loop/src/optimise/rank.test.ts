import type { AnswersEvidence, Evidence } from '@whetstone/model'
import { seededRandom } from '@whetstone/stats'
import { expect, test } from 'vitest'
import type { MergedFinding } from '../identify/merge.ts'
import { rankFindings } from './rank.ts'
import { query, trace } from './testing/example-trace.ts'
import { loadCurveOf } from './testing/load-curve.ts'

/** Half of GET /list and a tenth of POST /pay can be had. */
const findings = [
  found('GET /list', 'slow-list', 50),
  found('POST /pay', 'slow-pay', 10),
  found('GET /about', 'slow-about'),
]
const traces: Evidence = {
  traces: {
    schema: 'traces@1',
    source: 'probe',
    dropped: 0,
    routes: [],
    traces: ['GET /list', 'POST /pay'].flatMap(route =>
      Array.from({ length: 20 }, (_, at) =>
        trace(100, [query(0, 50, { statementId: 'slow-list' }), query(60, 10, { statementId: 'slow-pay' })], {
          id: `${route}${at}`,
          route,
        }),
      ),
    ),
  },
}

function found(route: string, statementId: string, gains?: number): MergedFinding {
  return {
    fingerprint: statementId,
    practice: 'duplicate-queries',
    title: statementId,
    where: { route },
    facts: [],
    confidence: 'strong',
    ...(gains === undefined ? {} : { edit: { kind: 'trace', change: { kind: 'remove', statementId }, route } }),
    remedy: { summary: '', steps: [] },
    also: [],
  }
}

const answers = (weights: Readonly<Record<string, number>>): AnswersEvidence => ({
  schema: 'answers@1',
  routes: Object.entries(weights).map(([route, weight]) => ({ route, weight })),
  tables: [],
})
const ranked = (weights?: Readonly<Record<string, number>>) =>
  rankFindings(findings, { ...traces, ...(weights ? { answers: answers(weights) } : {}) }, seededRandom(1)).map(
    ({ title, severity }) => `${severity} ${title}`,
  )

test('the largest gain comes first', () => {
  expect(ranked()).toEqual(['high slow-list', 'warn slow-pay', 'info slow-about'])
})

test('a route that is worth ten others comes before a larger gain elsewhere, and weighs in its severity', () => {
  expect(ranked({ 'POST /pay': 10 })).toEqual(['high slow-pay', 'high slow-list', 'info slow-about'])
  expect(ranked({ 'GET /list': 0.05 })).toEqual(['warn slow-pay', 'info slow-list', 'info slow-about'])
})

test('where nothing can be predicted, the worthier route comes first', () => {
  const silent = [found('GET /a', 'a'), found('GET /b', 'b')]
  const order = (weights: Readonly<Record<string, number>>) =>
    rankFindings(silent, { answers: answers(weights) }, seededRandom(1)).map(({ title }) => title)
  expect(order({})).toEqual(['a', 'b'])
  expect(order({ 'GET /b': 2 })).toEqual(['b', 'a'])
})

test('a generator that could not keep up promises no gain in time, and changes no order', () => {
  const untimed = { ...traces, 'load-curve': loadCurveOf('invalid') }
  const found = rankFindings(findings, untimed, seededRandom(1))
  expect(found.map(({ title, severity }) => `${severity} ${title}`)).toEqual(ranked())
  expect(found.map(({ gainFraction }) => gainFraction)).toEqual([0, 0, 0])
  expect(found[0]?.predicted).toEqual({
    route: 'GET /list',
    queriesPerRequest: { before: 2, after: 1 },
    traces: 20,
    method: 'trace-replay',
  })
  const degraded = rankFindings(findings, { ...traces, 'load-curve': loadCurveOf('degraded') }, seededRandom(1))
  expect(degraded[0]?.predicted?.p95Ms).toBeDefined()
})
