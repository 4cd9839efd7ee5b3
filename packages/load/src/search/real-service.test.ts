/** The search against a real server over a real socket: one that refuses what goes beyond a rate, so that its capacity is no matter of luck. */
import { once } from 'node:events'
import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { LoadResult } from '../engine/live.ts'
import type { LoadPlan } from '../plan.ts'
import type { RunOptions } from '../run-in-process.ts'
import { runInProcess } from '../run-in-process.ts'
import { parseThreshold } from '../thresholds/parse.ts'
import { findCapacity } from './capacity.ts'
import { basePlan } from './testing/base-plan.ts'

/** A bucket that fills so fast, and holds so much that a pause of the host does not spill it. */
const REFILL_PER_SECOND = 430
const BUCKET = 200

let server: Server
let plan: LoadPlan
beforeAll(async () => {
  let [tokens, filledAtMs] = [BUCKET, 0]
  server = createServer((_request, response) => {
    const nowMs = performance.now()
    tokens = Math.min(BUCKET, tokens + ((nowMs - filledAtMs) / 1000) * REFILL_PER_SECOND)
    filledAtMs = nowMs
    if (tokens >= 1) tokens--
    else response.statusCode = 503
    response.end('ok')
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  plan = basePlan({
    target: { host: '127.0.0.1', port: (server.address() as AddressInfo).port },
    routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
    ratePerSecond: 200,
    durationMs: 1_000,
    warmUpMs: 100,
    arrivals: 'uniform',
  })
})
afterAll(() => new Promise(resolve => server.close(resolve)))

/** Beside a busy test run the generator is late; this service does not mind, and what a late one leads to is tested elsewhere. */
async function believed(load: LoadPlan, options: RunOptions): Promise<LoadResult> {
  const result = await runInProcess(load, options)
  const generator = { ...result.measure.generator, verdict: 'healthy' as const }
  return { ...result, measure: { ...result.measure, generator } }
}

describe('findCapacity on a real service', () => {
  it('ends with a rate that held and one that did not around the rate from which it refuses', async () => {
    const { capacity, steps } = await findCapacity(
      plan,
      { objective: [parseThreshold('errors < 8%')], widthFraction: 0.7 },
      { runLoad: believed },
    )
    expect(capacity.outcome).toBe('found')
    expect(capacity.ratePerSecond!.low).toBe(400)
    expect(capacity.ratePerSecond!.high).toBe(800)
    expect(capacity.trials.map(({ step }) => steps[step]!.purpose)).toEqual(capacity.trials.map(() => 'curve'))
    expect(steps.filter(({ purpose }) => purpose === 'warm-up')).toHaveLength(capacity.trials.length)
  })
})
