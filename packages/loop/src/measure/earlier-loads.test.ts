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
beforeAll(async () => {
  base = await mkdtemp(join(tmpdir(), 'whetstone-loads-'))
  const interval = { estimate: 100, low: 90, high: 110 }
  const trial = { offeredRatePerSecond: 100, achievedRatePerSecond: 99, held: true, concurrency: 2, step: 0 }
  const report = (id: string, more: object) => ({
    schema: 'whetstone/load@1',
    kind: 'load',
    run: { id, startedAt: '2026-11-21T10:00:00.000Z', durationMs: 10_000 },
    target: { name: 'server.js', url: 'http://127.0.0.1:3000' },
    verdict: 'pass',
    steps: [],
    ...more,
  })
  const trend = { metric: 'resident-memory', unit: 'bytes', slopePerHour: interval, pValue: 0.2, verdict: 'steady' }
  const stepAt = (purpose: string, ratePerSecond: number) => ({
    purpose,
    arrivals: 'poisson',
    offeredRatePerSecond: ratePerSecond,
    achievedRatePerSecond: ratePerSecond,
    overall: { requests: 12, errors: 2, response: tenAnswers },
    generator: { verdict: 'degraded' },
  })
  const kept: readonly (readonly [string, unknown])[] = [
    ['1', report('1', { kind: 'capacity', capacity: { outcome: 'found', ratePerSecond: interval, trials: [trial] } })],
    ['2', report('2', { target: { name: 'other.js', url: '' } })],
    ['3', report('3', { kind: 'soak', soak: { trends: [{ ...trend, points: [{ atMs: 0, value: 1 }] }] } })],
    ['4', 'not a report'],
    ['5', report('5', { steps: [stepAt('measure', 50)] })],
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
  const interval = { estimate: 100, low: 90, high: 110 }
  const forty = expect.closeTo(40, 0)
  expect(await earlierLoads(base, 'server.js')).toEqual([
    {
      id: '1',
      kind: 'capacity',
      ...known,
      capacity: { outcome: 'found', ratePerSecond: interval },
      curve: [{ concurrency: 2, ratePerSecond: 99, offeredPerSecond: 100 }],
    },
    {
      id: '3',
      kind: 'soak',
      ...known,
      trends: [{ metric: 'resident-memory', unit: 'bytes', slopePerHour: interval, pValue: 0.2, verdict: 'steady' }],
    },
    {
      id: '5',
      kind: 'load',
      ...known,
      measured: { arrivals: 'poisson', offeredPerSecond: 50, requests: 12, errors: 2, p95Ms: forty },
    },
    {
      id: '6',
      kind: 'stress',
      ...known,
      stress: { ...collapsed, generator: 'degraded' },
      curve: [{ concurrency: 2, ratePerSecond: 50, offeredPerSecond: 50, p99Ms: forty }],
    },
  ])
  expect(await earlierLoads(join(base, 'nowhere'), 'server.js')).toEqual([])
})
