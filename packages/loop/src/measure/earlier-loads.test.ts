import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { Histogram } from '@whetstone/stats'
import { earlierLoads } from './earlier-loads.ts'

let base: string
const collapsed = { kneePerSecond: 60, peakGoodputPerSecond: 58, goodputPastKneePerSecond: 12, collapsed: true }
const recorded = new Histogram()
for (let answer = 0; answer < 10; answer++) recorded.record(40_000)
const tenAnswers = recorded.toJSON()
const interval = { estimate: 100, low: 90, high: 110 }
const usl = { singlePerSecond: interval, contention: interval, coherency: interval, errorFraction: 0.02 }
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'whetstone-loads-'))
  const trial = { offeredRatePerSecond: 100, achievedRatePerSecond: 99, held: true, concurrency: 2, step: 0 }
  const report = (id: string, more: object) => ({
    schema: 'whetstone/load@1',
    kind: 'load',
    run: { id, startedAt: '2026-11-21T10:00:00.000Z', durationMs: 10_000, machine: '2 cores' },
    scenario: { name: 'requests', source: 'requests' },
    target: { name: 'server.js', url: 'http://127.0.0.1:3000' },
    verdict: 'pass',
    steps: [],
    ...more,
  })
  const trend = { metric: 'resident-memory', unit: 'bytes', slopePerHour: interval, pValue: 0.2, verdict: 'steady' }
  const stepAt = (purpose: string, ratePerSecond: number) => ({
    purpose,
    arrivals: 'poisson',
    durationMs: 1_000,
    offeredRatePerSecond: ratePerSecond,
    achievedRatePerSecond: ratePerSecond,
    routes: [{ route: 'GET /orders' }, { route: 'GET /' }],
    overall: { requests: 12, errors: 2, response: tenAnswers },
    generator: { verdict: 'degraded' },
  })
  const kept: readonly (readonly [string, unknown])[] = [
    [
      '1',
      report('1', {
        kind: 'capacity',
        steps: [stepAt('curve', 100)],
        capacity: {
          outcome: 'found',
          objective: [{ text: 'p95 < 200ms' }],
          ratePerSecond: interval,
          trials: [trial],
          usl,
        },
      }),
    ],
    ['2', report('2', { target: { name: 'other.js', url: '' } })],
    [
      '3',
      report('3', {
        kind: 'soak',
        scenario: { name: 'browse', source: 'browse.yaml' },
        soak: { trends: [{ ...trend, points: [{ atMs: 0, value: 1 }] }] },
      }),
    ],
    ['4', 'not a report'],
    ['5', report('5', { steps: [stepAt('measure', 50)] })],
    [
      '7',
      report('7', {
        target: { name: 'late.js', url: '' },
        steps: [{ ...stepAt('measure', 50), generator: { verdict: 'invalid' } }],
      }),
    ],
    ['6', report('6', { kind: 'stress', stress: collapsed, steps: [stepAt('curve', 50), stepAt('recovery', 90)] })],
  ]
  for (const [id, content] of kept) {
    await mkdir(join(base, 'loads', id), { recursive: true })
    await writeFile(
      join(base, 'loads', id, 'load.json'),
      typeof content === 'string' ? content : JSON.stringify(content),
    )
  }
})
afterAll(async () => await rm(base, { recursive: true }))

test('load tests of the same target are known by their figures, and what is broken is passed over', async () => {
  const known = { startedAt: '2026-11-21T10:00:00.000Z', verdict: 'pass', durationMs: 10_000 }
  const asked = { scenario: 'requests', routes: ['GET /', 'GET /orders'], machine: '2 cores' }
  const forty = expect.closeTo(40, 0)
  const tenTimesForty = expect.closeTo(0.4, 2)
  expect(await earlierLoads(base, 'server.js')).toEqual([
    {
      id: '1',
      kind: 'capacity',
      ...known,
      conditions: asked,
      capacity: { outcome: 'found', objective: ['p95 < 200ms'], ratePerSecond: interval, usl },
      curve: [{ concurrency: tenTimesForty, ratePerSecond: 10, offeredPerSecond: 100, p99Ms: forty }],
    },
    {
      id: '3',
      kind: 'soak',
      ...known,
      conditions: { scenario: 'browse.yaml', machine: '2 cores' },
      trends: [{ metric: 'resident-memory', unit: 'bytes', slopePerHour: interval, pValue: 0.2, verdict: 'steady' }],
    },
    {
      id: '5',
      kind: 'load',
      ...known,
      conditions: asked,
      measured: { arrivals: 'poisson', offeredPerSecond: 50, durationMs: 1_000, requests: 12, errors: 2, p95Ms: forty },
    },
    {
      id: '6',
      kind: 'stress',
      ...known,
      conditions: asked,
      stress: { ...collapsed, generator: 'degraded' },
      curve: [{ concurrency: tenTimesForty, ratePerSecond: 10, offeredPerSecond: 50, p99Ms: forty }],
    },
  ])
  expect(await earlierLoads(join(base, 'nowhere'), 'server.js')).toEqual([])
})

test('the figures of a late generator are no evidence, though its run kept its limits', async () => {
  expect(await earlierLoads(base, 'late.js')).toMatchObject([{ id: '7', verdict: 'invalid' }])
})
