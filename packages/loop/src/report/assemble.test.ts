import { timeShares } from '@whetstone/catalogue'
import type { Evidence, PgEvidence, TracesEvidence } from '@whetstone/model'
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

  it('takes only good answers for throughput', () => {
    const route = { ...routeLoad('GET /orders', 100), errors: 40 }
    const step = { ...stepOf([route]), durationMs: 10_000 }
    const { routes } = reportOf({ evidence: { 'load-curve': { schema: 'load-curve@1', steps: [step] } } })
    expect(routes.map(({ ratePerSecond }) => ratePerSecond)).toEqual([6])
  })

  it('says when and for how long the database was gone', () => {
    const outages = [
      { startedAt: '2026-01-01T00:00:09.000Z', durationMs: 2_500, ended: true },
      { startedAt: '2026-01-01T00:00:20.000Z', durationMs: 9_000, ended: false },
    ]
    const activity = {
      maxConnections: 0,
      connections: 0,
      peakConnections: 0,
      idleInTransaction: 0,
      windowMs: 1,
      outages,
    }
    const report = reportOf({ evidence: { pg: { activity, unavailable: {}, plans: [] } as unknown as PgEvidence } })
    expect(report.warnings).toEqual([
      'the database refused connections from 00:00:09 UTC for 2.5 s: what was measured then tells of its absence, not of the service',
      'the database refused connections from 00:00:20 UTC for 9.0 s, until the end of the measurement: what was measured then tells of its absence, not of the service',
    ])
    expect(report.events.map(({ kind, text }) => [kind, text])).toEqual(report.warnings.map(text => ['warning', text]))
  })

  it('says which questions about the database stayed open', () => {
    const unavailable = {
      indexTrials: '2 candidates did not fit into the time',
      explain: 'they did not fit into the time',
      plans: '1 could not be planned',
    }
    const pg = { activity: {}, unavailable, plans: [] } as unknown as PgEvidence
    expect(reportOf({ evidence: { pg } }).warnings).toEqual([
      'not every index was tried: 2 candidates did not fit into the time',
      'not every slow statement was run on a copy: they did not fit into the time',
    ])
    expect(reportOf({ evidence: { pg: { ...pg, unavailable: {} } } }).warnings).toEqual([])
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
