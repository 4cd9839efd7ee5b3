import { describe, expect, it } from 'vitest'
import type { Edit, Evidence, PgEvidence, Span, Trace, TracesEvidence } from '@whetstone/model'
import { Histogram, seededRandom } from '@whetstone/stats'
import { predict, predictAll } from './predict.ts'
import { query, trace } from './testing/example-trace.ts'

function evidenceOf(traces: readonly Trace[], more: Evidence = {}): Evidence {
  const routes = [...new Set(traces.map(({ route }) => route))]
  const aggregates = routes.map(route => {
    const own = traces.filter(one => one.route === route)
    const duration = new Histogram()
    for (const { durationMs } of own) duration.record(durationMs * 1_000)
    return { route, requests: own.length, duration: duration.toJSON() }
  })
  return {
    traces: {
      schema: 'traces@1',
      source: 'probe',
      routes: aggregates,
      traces,
      dropped: 0,
    } as unknown as TracesEvidence,
    ...more,
  }
}

/** Twenty equal requests: every resample is the same, so the interval shows the model's bounds alone. */
const twenty = (spans: readonly Omit<Span, 'id'>[], durationMs: number, more: Partial<Trace> = {}) =>
  Array.from({ length: 20 }, (_, at) => ({ ...trace(durationMs, spans, more), id: `t${at}` }))

const ask = (edit: Edit, evidence: Evidence) => predict(edit, evidence, { random: seededRandom(1) })
const of = (change: Extract<Edit, { kind: 'trace' }>['change']): Edit => ({ kind: 'trace', change, route: 'GET /a' })

describe('predicting what remains', () => {
  it('takes a loop of queries for one: a round trip, its own gaps gone, those around it kept', () => {
    // 2 before, ten runs of 1 with gaps of 0.5 between, 2.5 behind: 19.
    const loop = Array.from({ length: 10 }, (_, at) => query(2 + at * 1.5, 1, { parametersHash: String(at) }))
    const prediction = ask(of({ kind: 'collapse', statementIds: ['q'] }), evidenceOf(twenty(loop, 19)))!
    // All runs equal: no work beyond the round trip is seen. 2 + 1 + 2.5; at the high end the gaps of the loop stay: + 4.5.
    expect(prediction.p50Ms!.beforeMs).toBeCloseTo(19, 1)
    expect(prediction.p50Ms!.estimate).toBeCloseTo(5.5, 1)
    expect(prediction.p50Ms!.low).toBeCloseTo(5.5, 1)
    expect(prediction.p50Ms!.high).toBeGreaterThan(9)
    expect(prediction.p50Ms!.high).toBeLessThan(10.1)
    expect(prediction).toMatchObject({
      route: 'GET /a',
      queriesPerRequest: { before: 10, after: 1 },
      traces: 20,
      method: 'trace-replay',
    })
    expect(prediction.p99AtMostMs).toBeLessThanOrEqual(19.1)
  })

  it('drops repeats with the same parameters only', () => {
    const spans = [
      query(0, 2, { parametersHash: 'a' }),
      query(2, 2, { parametersHash: 'b' }),
      query(4, 2, { parametersHash: 'a' }),
    ]
    const prediction = ask(of({ kind: 'deduplicate', statementId: 'q' }), evidenceOf(twenty(spans, 10)))!
    expect(prediction.p50Ms!.estimate).toBeCloseTo(8, 1)
  })

  it('takes away as many reads as a cache answers, and fewer while it fills', () => {
    const evidence = evidenceOf(twenty([query(2, 6)], 10))
    const cached = (hitFraction: number, coldHitFraction: number) =>
      ask(of({ kind: 'cache', statementId: 'q', hitFraction, coldHitFraction }), evidence)!
    expect(cached(1, 1).p50Ms!.estimate).toBeCloseTo(4, 1)
    expect(cached(0, 0).p50Ms!.estimate).toBeCloseTo(10, 1)
    expect(cached(1, 0).p50Ms!.low).toBeCloseTo(4, 1)
    expect(cached(1, 0).p50Ms!.high).toBeGreaterThan(9)
    const { after } = cached(0.7, 0.5).queriesPerRequest!
    expect(after).toBeGreaterThan(0)
    expect(after).toBeLessThan(0.6)
  })

  it('takes away as many reads of a cache as a copy in the process answers, and nothing that is written', () => {
    const get = query(2, 6, { kind: 'cache', keyTemplate: 'product:{n}', hit: true })
    const set = query(8, 1, { kind: 'cache', keyTemplate: 'product:{n}' })
    const near = (keyTemplate: string) =>
      ask(
        of({ kind: 'near-cache', keyTemplate, hitFraction: 1, coldHitFraction: 1 }),
        evidenceOf(twenty([get, set], 10)),
      )
    expect(near('product:{n}')!.p50Ms!.estimate).toBeCloseTo(4, 1)
    expect(near('session:{x}')).toBeUndefined()
  })

  it('runs independent statements side by side', () => {
    const spans = [
      query(0, 2, { statementId: 'a' }),
      query(2, 4, { statementId: 'b' }),
      query(6, 3, { statementId: 'c' }),
    ]
    const prediction = ask(of({ kind: 'parallelise', statementIds: ['a', 'b', 'c'] }), evidenceOf(twenty(spans, 10)))!
    expect(prediction.p50Ms!.estimate).toBeCloseTo(5, 1)
  })

  it('scales a statement by what was timed, and never below the fastest query', () => {
    const spans = [query(0, 0.5, { statementId: 'fast' }), query(1, 40)]
    const plan = (medianMsAfter: number): Edit => ({
      kind: 'plan',
      statements: [{ statementId: 'q', costBefore: 1, costAfter: 1, medianMsBefore: 20, medianMsAfter }],
    })
    const evidence = evidenceOf(twenty(spans, 50))
    expect(ask(plan(10), evidence)!.p50Ms!.estimate).toBeCloseTo(30, 0)
    expect(ask(plan(0.001), evidence)!.p50Ms!.estimate).toBeCloseTo(10.5, 1)
  })

  it('takes the work of the server for no part of the round trip, where the only query is the slow one', () => {
    const pg = { statements: [{ statementId: 'q', calls: 20, meanMs: 39.5 }], indexTrials: [] } as unknown as PgEvidence
    const edit: Edit = { kind: 'plan', statements: [{ statementId: 'q', costBefore: 10_000, costAfter: 100 }] }
    // 10 around it, half a millisecond of way, and a hundredth of the rest.
    expect(ask(edit, evidenceOf(twenty([query(1, 40)], 50), { pg }))!.p50Ms!.estimate).toBeCloseTo(10.9, 1)
  })

  it('takes a cost for a direction: wide between nothing and the root of its ratio', () => {
    const spans = [query(0, 1, { statementId: 'fast' }), query(1, 101)]
    const edit: Edit = { kind: 'plan', statements: [{ statementId: 'q', costBefore: 10_000, costAfter: 100 }] }
    const { p50Ms } = ask(edit, evidenceOf(twenty(spans, 110)))!
    // 9 around it, a round trip of 1, and of the other 100: none, 1 or 10.
    expect(p50Ms!.estimate).toBeCloseTo(11, 0)
    expect(p50Ms!.low).toBeLessThan(10.8)
    expect(p50Ms!.high).toBeGreaterThan(18)
  })

  it('removes new connections', () => {
    const spans: Omit<Span, 'id'>[] = [{ kind: 'connect', name: 'connect', startMs: 0, durationMs: 6 }, query(6, 1)]
    expect(
      ask({ kind: 'connection', change: { kind: 'reuse' } }, evidenceOf(twenty(spans, 8)))!.p50Ms!.estimate,
    ).toBeCloseTo(2, 1)
  })

  it('tells the bytes even where no trace shows them', () => {
    const edit: Edit = { kind: 'bytes', route: 'GET /a', bytesBefore: 100, bytesAfter: 10 }
    expect(ask(edit, {})).toEqual({ route: 'GET /a', bytes: { before: 100, after: 10 }, traces: 0, method: 'bytes' })
  })

  it('takes CPU out of the time between the calls, no more than there is', () => {
    const demand = (removeMsPerRequest: number): Edit => ({
      kind: 'demand',
      resource: 'app-cpu',
      removeMsPerRequest,
      blocking: true,
    })
    const evidence = evidenceOf(twenty([query(1, 4)], 20))
    expect(ask(demand(10), evidence)!.p50Ms!.estimate).toBeCloseTo(10, 0)
    expect(ask(demand(100), evidence)!.p50Ms!.estimate).toBeCloseTo(4, 0)
  })

  it('refuses with fewer than ten traces, with none that hold the statement, and with the slowest only', () => {
    const edit = of({ kind: 'remove', statementId: 'q' })
    expect(ask(edit, evidenceOf(twenty([query(0, 2)], 5).slice(0, 9)))).toBeUndefined()
    expect(ask(edit, evidenceOf(twenty([query(0, 2, { statementId: 'other' })], 5)))).toBeUndefined()
    expect(ask(edit, evidenceOf(twenty([query(0, 2)], 5, { kept: 'slowest' })))).toBeUndefined()
  })

  it('is the same every time for the same evidence and seed, and its interval holds its estimate', () => {
    const spread = Array.from({ length: 30 }, (_, at) =>
      trace(20 + at, [query(1, 5 + (at % 7)), query(14, 2, { statementId: 'r' })]),
    )
    const evidence = evidenceOf(spread)
    const edit = of({ kind: 'remove', statementId: 'q' })
    const prediction = ask(edit, evidence)!
    expect(ask(edit, evidence)).toEqual(prediction)
    for (const one of [prediction.p50Ms!, prediction.p95Ms!]) {
      expect(one.low).toBeLessThanOrEqual(one.estimate)
      expect(one.high).toBeGreaterThanOrEqual(one.estimate)
      expect(one.estimate).toBeLessThan(one.beforeMs)
    }
  })

  it('keeps the time around the traces that the client measured: no edit shortens the way', () => {
    const response = new Histogram()
    for (let at = 0; at < 100; at++) response.record(50_000)
    const loadCurve = {
      schema: 'load-curve@1',
      steps: [
        { purpose: 'measure', offeredRatePerSecond: 1, routes: [{ route: 'GET /a', response: response.toJSON() }] },
      ],
    }
    const evidence = evidenceOf(twenty([query(0, 5)], 10), { 'load-curve': loadCurve } as unknown as Evidence)
    const { p50Ms } = ask(of({ kind: 'remove', statementId: 'q' }), evidence)!
    expect(p50Ms!.beforeMs).toBeCloseTo(50, 0)
    expect(p50Ms!.estimate).toBeCloseTo(45, 0)
  })

  it('predicts several edits together, and each route they touch', () => {
    const other = twenty([query(0, 3, { statementId: 'r' })], 10).map(one => ({ ...one, route: 'GET /b' }))
    const evidence = evidenceOf([...twenty([query(0, 4), query(4, 3, { statementId: 'r' })], 10), ...other])
    const edits: Edit[] = [
      { kind: 'trace', change: { kind: 'remove', statementId: 'q' } },
      { kind: 'trace', change: { kind: 'remove', statementId: 'r' } },
    ]
    const estimates = predictAll(edits, evidence, { random: seededRandom(1) }).map(({ route, p50Ms }) => [
      route,
      Math.round(p50Ms!.estimate),
    ])
    expect(estimates).toEqual([
      ['GET /a', 3],
      ['GET /b', 7],
    ])
  })

  it('lets the wait for a connection go when the pool grows', () => {
    const spans = [query(20, 10, { poolWaitMs: 20 })]
    const loadCurve = { schema: 'load-curve@1', steps: [{ purpose: 'measure', offeredRatePerSecond: 80, routes: [] }] }
    const evidence = evidenceOf(twenty(spans, 30), { 'load-curve': loadCurve } as unknown as Evidence)
    const edit: Edit = { kind: 'connection', change: { kind: 'pool-size', from: 1, to: 10 } }
    const { p50Ms } = ask(edit, evidence)!
    expect(p50Ms!.estimate).toBeCloseTo(10, 0)
    expect(p50Ms!.high).toBeGreaterThan(25)
  })

  it('tells only the capacity where a resource is more than 80 % busy', () => {
    const spans = [query(20, 10, { poolWaitMs: 20 })]
    const loadCurve = { schema: 'load-curve@1', steps: [{ purpose: 'measure', offeredRatePerSecond: 90, routes: [] }] }
    const evidence = evidenceOf(twenty(spans, 30), { 'load-curve': loadCurve } as unknown as Evidence)
    const prediction = ask({ kind: 'connection', change: { kind: 'pool-size', from: 1, to: 4 } }, evidence)!
    expect(prediction.capacityRatio).toBeCloseTo(4, 5)
    expect(prediction).not.toHaveProperty('p50Ms')
    expect(prediction).not.toHaveProperty('p95Ms')
  })

  it('lets others go ahead of work moved off the event loop, while its own request takes as long', () => {
    const heavy = twenty([], 100).map(one => ({ ...one, route: 'GET /heavy' }))
    const waiting = Array.from({ length: 20 }, (_, at) => ({ ...trace(at < 10 ? 1 : 81, []), id: `w${at}` }))
    const loadCurve = { schema: 'load-curve@1', steps: [{ purpose: 'measure', offeredRatePerSecond: 10, routes: [] }] }
    const runtime = {
      schema: 'runtime@1',
      processes: [{ pools: [], samples: [{ requests: 40, cpuUserMs: 2_020, cpuSystemMs: 0 }] }],
    }
    const evidence = evidenceOf([...heavy, ...waiting], { 'load-curve': loadCurve, runtime } as unknown as Evidence)
    const edit: Edit = {
      kind: 'demand',
      resource: 'app-cpu',
      route: 'GET /heavy',
      removeMsPerRequest: 100,
      blocking: true,
      offloaded: true,
    }
    const byRoute = new Map(predictAll([edit], evidence, { random: seededRandom(1) }).map(one => [one.route, one]))
    expect(byRoute.get('GET /heavy')!.p50Ms!.estimate).toBeCloseTo(100, 0)
    expect(byRoute.get('GET /a')!.p95Ms!.estimate).toBeLessThan(20)
    expect(ask(edit, evidence)!.route).toBe('GET /a')
  })

  it('gives the CPU of a function whose route is not known to the routes with time of their own', () => {
    const heavy = twenty([query(10, 2)], 102).map(one => ({ ...one, route: 'GET /heavy' }))
    const light = twenty([query(0, 2)], 2)
    const evidence = evidenceOf([...heavy, ...light])
    // 40 ms over all requests are 80 of the heavy half, whose 100 ms are all the time that is nobody's wait.
    const edit: Edit = { kind: 'demand', resource: 'app-cpu', removeMsPerRequest: 40, blocking: true }
    expect(ask(edit, evidence)).toMatchObject({ route: 'GET /heavy' })
    expect(ask(edit, evidence)!.p50Ms!.estimate).toBeCloseTo(22, 0)
  })

  it('lets more processes share the event loop, as far as the cores of the machine go', () => {
    const loadCurve = { schema: 'load-curve@1', steps: [{ purpose: 'measure', offeredRatePerSecond: 90, routes: [] }] }
    const samples = [{ requests: 90, windowMs: 1_000, cpuUserMs: 900, cpuSystemMs: 0 }]
    const runtime = { schema: 'runtime@1', processes: [{ pools: [], samples }], syncCalls: [] }
    const host = (cores: number) => ({ schema: 'host@1', cores, samples: [] })
    const on = (cores: number) =>
      ask(
        { kind: 'instances', from: 1, to: 4 },
        evidenceOf(twenty([], 10), { 'load-curve': loadCurve, runtime, host: host(cores) } as unknown as Evidence),
      )!.capacityRatio
    expect(on(8)).toBeCloseTo(4, 1)
    expect(on(2)).toBeCloseTo(2, 1)
  })
})
