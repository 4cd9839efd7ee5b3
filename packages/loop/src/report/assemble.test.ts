import { timeShares } from '@whetstone/catalogue'
import type { Evidence, TracesEvidence } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { reportOf, routeLoad, stepOf } from './testing/example-run.ts'

const { response } = routeLoad('GET /orders', 10)
const traces: TracesEvidence = {
  schema: 'traces@1',
  source: 'probe',
  traces: [],
  routes: [
    {
      route: 'GET /orders',
      requests: 10,
      errors: 0,
      duration: response,
      queriesPerRequest: response,
      // Concurrent queries: more time in the database than the requests took.
      databaseMs: 500,
      poolWaitMs: 100,
      connectMs: 0,
      outboundMs: 0,
      statusCounts: {},
    },
  ],
} as unknown as TracesEvidence

describe('the report', () => {
  it('divides the time as the findings do', () => {
    const { timeShares: shown } = reportOf({ evidence: { traces } })
    expect(shown).toEqual([
      { component: 'database', fraction: 5 / 6 },
      { component: 'pool wait', fraction: 1 / 6 },
    ])
    expect(shown).toEqual(timeShares(traces).map(({ component, fraction }) => ({ component, fraction })))
  })

  it('speaks of the last measured step', () => {
    const steps = [
      stepOf([routeLoad('GET /orders', 100)]),
      stepOf([routeLoad('GET /orders', 20)]),
      stepOf([routeLoad('GET /orders', 50)], 'warm-up'),
    ]
    const evidence: Evidence = { 'load-curve': { schema: 'load-curve@1', steps } }
    expect(reportOf({ evidence }).overall.requests).toBe(20)
  })
})
