import { expect, it } from 'vitest'
import { collapsed, loopFacts } from './loop-cost.ts'
import { repeatsByStatement, summarise } from './repeats.ts'
import { stated } from './testing/describe-practice.ts'
import { series, times, trace, tracesOf } from './testing/evidence.ts'

it('states a loop in the words of who names it, linked to a request that holds it', () => {
  const [repeats] = repeatsByStatement(tracesOf(times(3, trace('GET /orders', 20, series('item', 5)))))
  const facts = loopFacts(summarise(repeats!, 5)!, 'item', { runs: 'reads by key per request', one: 'one read' })
  const link = { traceId: 'GET /orders#1', statementId: 'item' }
  expect(facts).toEqual(
    [
      stated('reads by key per request', 5, 'count', 'traces'),
      stated('time in them per request', 10, 'ms', 'traces'),
      stated('share of the request', 0.5, 'fraction', 'traces'),
      stated('one read', 2, 'ms', 'traces'),
    ].map(fact => ({ ...fact, evidence: { ...fact.evidence, ...link } })),
  )
})

it('collapses the statements of one route, and those of every route where none is named', () => {
  const change = { kind: 'collapse', statementIds: ['item', 'price'] }
  expect(collapsed(['item', 'price'], { route: 'GET /orders' })).toEqual({
    kind: 'trace',
    change,
    route: 'GET /orders',
  })
  expect(collapsed(['item', 'price'], {})).toEqual({ kind: 'trace', change })
})
