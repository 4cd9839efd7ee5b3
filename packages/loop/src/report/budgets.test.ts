import type { RouteLoad } from '@whetstone/model'
import { describe, expect, it } from 'vitest'
import { evidenceOf, exampleRun, rankedFinding, reportOf, routeLoad } from './testing/example-run.ts'

const judge = (budgets: NonNullable<Parameters<typeof reportOf>[0]['budgets']>, ...routes: readonly RouteLoad[]) =>
  reportOf({ budgets, evidence: evidenceOf(...routes) })

describe('a budget', () => {
  it('is kept or broken by its own figure', () => {
    const { budgets, exitCode } = judge(
      { 'GET /orders': { p50Ms: 600, p95Ms: 900, p99Ms: 980, errorFraction: 0.1 } },
      routeLoad('GET /orders', 1_000, 10),
    )
    expect(budgets.map(({ metric, ok }) => [metric, ok])).toEqual([
      ['p50Ms', true],
      ['p95Ms', false],
      ['p99Ms', false],
      ['errorFraction', true],
    ])
    expect(budgets[2]?.value).toBeGreaterThan(980)
    expect(exitCode).toBe(1)
  })

  it('on p99 is not judged by another quantile when answers are few', () => {
    const { budgets, warnings, exitCode } = judge({ '*': { p99Ms: 960 } }, routeLoad('GET /orders', 200))
    expect(budgets).toEqual([
      {
        route: '*',
        metric: 'p99Ms',
        limit: 960,
        ok: false,
        unknown: 'a p99 takes 1,000 answers, and 200 came; give a longer --duration or a higher --rate',
        source: 'config',
      },
    ])
    expect(warnings).toEqual([
      'budget p99 of * is not judged: a p99 takes 1,000 answers, and 200 came; give a longer --duration or a higher --rate',
    ])
    expect(exitCode).toBe(4)
  })

  it('is broken where every request failed', () => {
    const { budgets, exitCode } = judge(
      { 'GET /orders': { p95Ms: 200, errorFraction: 0.5 } },
      routeLoad('GET /orders', 0, 30),
    )
    expect(budgets.map(({ ok, value, unknown }) => [ok, value, unknown])).toEqual([
      [false, undefined, undefined],
      [false, 1, undefined],
    ])
    expect(exitCode).toBe(1)
  })

  it.each([
    ['was not sent', routeLoad('GET /orders', 0)],
    ['is none of the run', routeLoad('GET /items', 100)],
  ])('of a route that %s is not passed over', (_, route) => {
    const { budgets, warnings, exitCode } = judge({ 'GET /orders': { p95Ms: 200 } }, route)
    expect(budgets).toMatchObject([{ route: 'GET /orders', ok: false, unknown: expect.stringContaining('not called') }])
    expect(warnings).toHaveLength(1)
    expect(exitCode).toBe(4)
  })
})

describe('the exit code in the report', () => {
  const evidence = evidenceOf(routeLoad('GET /orders', 100))
  const findings = [rankedFinding('n-plus-one', {}, { severity: 'warn' })]

  it.each([
    ['nothing is asked', {}, 0],
    ['a finding is severe enough', { failOn: 'warn' as const }, 5],
    ['it is not', { failOn: 'high' as const }, 0],
    ['a budget is broken as well', { failOn: 'warn' as const, budgets: { '*': { p95Ms: 1 } } }, 1],
    ['a budget is not known as well', { failOn: 'warn' as const, budgets: { '*': { p99Ms: 1 } } }, 5],
    ['it was interrupted', { run: { ...exampleRun, interruptedAfterMs: 500 } }, 130],
    ['the service ended', { failed: true, budgets: { '*': { p95Ms: 1 } } }, 3],
  ])('when %s', (_, input, exitCode) => expect(reportOf({ evidence, findings, ...input }).exitCode).toBe(exitCode))
})
