import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import type { MetricComparison, TrialResult } from '@whetstone/model'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { earlierTrials, saveTrial } from './earlier-trials.ts'

let base: string
beforeAll(async () => void (base = await mkdtemp(join(tmpdir(), 'whetstone-trials-'))))
afterAll(async () => await rm(base, { recursive: true }))

const metric = (more: Partial<MetricComparison>): MetricComparison => ({
  route: 'overall',
  name: 'p50Ms',
  gated: true,
  deterministic: false,
  a: 80,
  b: 20,
  ratio: { estimate: 0.25, low: 0.24, high: 0.27 },
  p: 0.0001,
  pAdjusted: 0.0002,
  pairs: 14,
  verdict: 'better',
  ...more,
})

test('a trial is known by its verdict and by the routes that it changed, and what is broken is passed over', async () => {
  const result = {
    schema: 'trial@1',
    armA: 'node old.js',
    armB: 'node new.js',
    pairs: 14,
    verdict: 'better',
    guard: { pairs: 7, spreadFraction: 0.02, tooNoisy: false },
    metrics: [
      metric({}),
      metric({ name: 'p95Ms', ratio: { estimate: 0.5, low: 0.4, high: 0.6 } }),
      metric({ route: 'GET /orders' }),
      metric({ route: 'GET /orders', name: 'p95Ms' }),
      metric({ route: 'GET /items', verdict: 'equal' }),
    ],
    thrownOut: 0,
  } as unknown as TrialResult
  await saveTrial(base, '2026-11-21-10-00-00-ab12', { startedAt: '2026-11-21T10:00:00.000Z', result })
  await writeFile(join(base, 'trials', '2026-11-21-10-00-01-ab12.json'), '{')
  await writeFile(join(base, 'trials', '2026-11-21-10-00-02-ab12.json'), '{}')
  expect(await earlierTrials(base)).toEqual([
    {
      id: '2026-11-21-10-00-00-ab12',
      startedAt: '2026-11-21T10:00:00.000Z',
      verdict: 'better',
      pairs: 14,
      tooNoisy: false,
      p95: { estimate: 0.5, low: 0.4, high: 0.6 },
      changed: [{ route: 'GET /orders', beforeMs: 80, afterMs: 20 }],
    },
  ])
  expect(await earlierTrials(join(base, 'nowhere'))).toEqual([])
})
