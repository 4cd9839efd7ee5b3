import { describe, expect, test } from 'vitest'
import type { RouteLoad, Workload } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import { graceAfter, patienceFor } from './patience.ts'

const workload = (...paths: readonly string[]): Workload => ({
  routes: paths.map(path => ({ route: `GET ${path}`, weight: 1, requests: [{ method: 'GET', path, headers: {} }] })),
  skipped: [],
})

function took(path: string, ...answersMs: readonly number[]): RouteLoad {
  const histogram = new Histogram()
  for (const ms of answersMs) histogram.record(ms * 1_000)
  const json = histogram.toJSON()
  const response = { ...json, min: json.min ?? 0, max: json.max ?? 0 }
  return {
    route: `GET ${path}`,
    requests: Math.max(1, answersMs.length),
    errors: answersMs.length === 0 ? 1 : 0,
    response,
    service: response,
    statusCounts: {},
    meanBodyBytes: 1,
    maxBodyBytes: 1,
  }
}
const asked = (of: Workload) => of.routes.map(({ route }) => route)

describe('the patience of a stop', () => {
  test('is the least where all routes are quick', () => {
    expect(patienceFor(workload('/'), [took('/', 20)], 4_000)).toEqual({ workload: workload('/'), graceMs: 4_000 })
  })

  test('holds three times the p99 of what is asked', () => {
    const { graceMs } = patienceFor(workload('/'), [took('/', 20, 20, 20, 2_000)], 4_000)
    expect(graceMs).toBeGreaterThanOrEqual(5_900)
    expect(graceMs).toBeLessThan(6_200)
  })

  test('leaves out a route that usually takes more than half of it, and one that never answers', () => {
    const { workload: judged, graceMs } = patienceFor(
      workload('/', '/export', '/hangs'),
      [took('/', 20), took('/export', 4_900), took('/hangs')],
      4_000,
    )
    expect(asked(judged)).toEqual(['GET /'])
    expect(graceMs).toBe(4_000)
  })

  test('leaves out a route that now and then takes longer than anybody waits', () => {
    expect(asked(patienceFor(workload('/'), [took('/', 20, 20, 20, 12_000)], 4_000).workload)).toEqual([])
  })

  test('asks what was not measured', () => {
    expect(asked(patienceFor(workload('/'), [], 4_000).workload)).toEqual(['GET /'])
  })

  test('holds three times what many at once took, as far as anybody waits', () => {
    expect([graceAfter(100, 4_000), graceAfter(2_000, 4_000), graceAfter(20_000, 4_000)]).toEqual([
      4_000, 6_000, 30_000,
    ])
    expect(graceAfter(20_000, 40_000)).toBe(40_000)
  })
})
