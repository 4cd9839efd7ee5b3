import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { runInProcess } from '@whetstone/load'
import type { LoadStep, Workload } from '@whetstone/model'
import { Histogram, normal, seededRandom } from '@whetstone/stats'
import { describe, expect, it } from 'vitest'
import type { Arm } from './arm.ts'
import type { BlockPhase, MeasureBlock } from './block.ts'
import { loadBlock } from './load-block.ts'
import { runTrial, type TrialProgress } from './run-trial.ts'

const workload: Workload = {
  routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
  skipped: [],
}

/** Counts what is running, so that a service left behind shows. */
function fakeArm(name: string, running: Set<string>): Arm {
  return {
    name,
    start() {
      expect(running.size).toBe(0)
      running.add(name)
      return Promise.resolve({
        baseUrl: `http://${name}`,
        stop: () => Promise.resolve(void running.delete(name)),
      })
    },
    countQueries: () =>
      Promise.resolve([
        { route: 'GET /', name: 'queriesPerRequest', value: 3 },
        { route: 'GET /health', name: 'queriesPerRequest', value: 0 },
      ]),
  }
}

function stepOf(responseUs: number, generator: LoadStep['generator']['verdict'] = 'healthy'): LoadStep {
  const histogram = new Histogram()
  histogram.record(responseUs, 100)
  const record = { requests: 100, errors: 0, response: histogram.toJSON(), service: histogram.toJSON() }
  return {
    purpose: 'measure',
    startedAt: '2026-01-01T00:00:00.000Z',
    offeredRatePerSecond: 100,
    achievedRatePerSecond: 100,
    durationMs: 1_000,
    arrivals: 'poisson',
    sent: 100,
    completed: 100,
    errors: 0,
    errorsByKind: {},
    routes: [{ ...record, route: 'GET /', statusCounts: { 200: 100 }, meanBodyBytes: 5, maxBodyBytes: 5 }],
    overall: record,
    intervals: [],
    generator: {
      verdict: generator,
      reasons: ['sends were late'],
      lagP50Ms: 0,
      lagP99Ms: 0,
      lagMaxMs: 0,
      cpuFraction: 0.1,
    },
  }
}

function simulatedBlock(ratio: number, seed = 1): MeasureBlock {
  const random = seededRandom(seed)
  return (_, phase) => {
    const base = phase.arm === 'b' ? 10_000 * ratio : 10_000
    return Promise.resolve({ load: stepOf(base * Math.exp(0.02 * normal(random))) })
  }
}

function armsOf(running = new Set<string>()) {
  return { a: fakeArm('old', running), b: fakeArm('new', running) }
}

const settings = { workload, ratePerSecond: 100, seed: 3, pairs: 14 }

describe('trial', () => {
  it('starts a fresh service for every block and leaves none running', async () => {
    const running = new Set<string>()
    const phases: BlockPhase[] = []
    const measure = simulatedBlock(2)
    const result = await runTrial({
      ...settings,
      arms: armsOf(running),
      measureBlock(baseUrl, phase) {
        expect([...running]).toEqual([phase.arm === 'a' ? 'old' : 'new'])
        phases.push(phase)
        return measure(baseUrl, phase)
      },
    })
    expect(running.size).toBe(0)
    expect(phases.map(({ order }) => order)).toEqual(Array.from({ length: 28 }, (_, order) => order))
    for (const { pair, seed } of phases) {
      const arms = phases.filter(phase => phase.pair === pair)
      expect(new Set(arms.map(({ arm }) => arm))).toEqual(new Set(['a', 'b']))
      expect(arms.every(phase => phase.seed === seed)).toBe(true)
    }
    expect(result).toMatchObject({ armA: 'old', armB: 'new', pairs: 14, verdict: 'worse', thrownOut: 0, seed: 3 })
    expect(result.histograms.a.count).toBe(1_400)
    // Routes that ask nothing of a database are left out, and a count is of one pair.
    expect(result.metrics.filter(({ name }) => name === 'queriesPerRequest')).toMatchObject([
      { route: 'GET /', pairs: 1, a: 3, b: 3, verdict: 'equal', deterministic: true },
    ])
  })

  it('runs pairs again in which the generator could not be trusted', async () => {
    const measure = simulatedBlock(1)
    const events: TrialProgress[] = []
    const result = await runTrial({
      ...settings,
      arms: armsOf(),
      measureBlock: (baseUrl, phase) =>
        phase.order === 4 ? Promise.resolve({ load: stepOf(90_000, 'invalid') }) : measure(baseUrl, phase),
      onProgress: event => events.push(event),
    })
    expect(result.blocks).toHaveLength(30)
    expect(result.thrownOut).toBe(2)
    expect(result.pairs).toBe(14)
    expect(result.histograms.a.max).toBeLessThan(90_000)
    expect(events.filter(({ kind }) => kind === 'pair-thrown-out')).toEqual([
      { kind: 'pair-thrown-out', pair: 2, reason: 'sends were late', done: 6, planned: 30 },
    ])
  })

  it('gives up running pairs again after the extra ones', async () => {
    const result = await runTrial({
      ...settings,
      arms: armsOf(),
      pairs: 4,
      extraPairs: 2,
      measureBlock: () => Promise.resolve({ load: stepOf(90_000, 'invalid') }),
    })
    expect(result).toMatchObject({ pairs: 0, thrownOut: 12, verdict: 'unclear', guard: { tooNoisy: true } })
  })

  it('stops the service when a block fails or the trial is stopped', async () => {
    const running = new Set<string>()
    const failing: MeasureBlock = () => Promise.reject(new Error('no answer'))
    await expect(runTrial({ ...settings, arms: armsOf(running), measureBlock: failing })).rejects.toThrow('no answer')
    expect(running.size).toBe(0)

    const stopper = new AbortController()
    const measure = simulatedBlock(1)
    const stopped = runTrial({
      ...settings,
      arms: armsOf(running),
      signal: stopper.signal,
      measureBlock: (baseUrl, phase) => {
        if (phase.order === 3) stopper.abort(new Error('stopped by the user'))
        return measure(baseUrl, phase)
      },
    })
    await expect(stopped).rejects.toThrow('stopped by the user')
    expect(running.size).toBe(0)
  })

  it('finds a real server slow that waits three hundred milliseconds longer', async () => {
    const result = await runTrial({
      ...settings,
      arms: { a: waitingArm('quick', 1), b: waitingArm('slow', 301) },
      pairs: 9,
      blockMs: 120,
      warmUpMs: 20,
      measureBlock: trusting(loadBlock({ runLoad: runInProcess })),
    })
    expect(result.verdict).toBe('worse')
    const p50 = result.metrics.find(({ route, name }) => route === 'GET /' && name === 'p50Ms')!
    expect(p50.ratio.estimate).toBeGreaterThan(2)
    expect(p50.b - p50.a).toBeGreaterThan(100)
  })
})

/** Tests share the machine, which delays single sends; three hundred milliseconds are seen all the same. */
function trusting(measure: MeasureBlock): MeasureBlock {
  return async (baseUrl, phase) => {
    const { load } = await measure(baseUrl, phase)
    return { load: { ...load, generator: { ...load.generator, verdict: 'degraded' } } }
  }
}

function waitingArm(name: string, waitMs: number): Arm {
  return {
    name,
    start: () =>
      new Promise(resolve => {
        const server = createServer((_, response) => setTimeout(() => response.end('done'), waitMs))
        server.listen(0, '127.0.0.1', () => {
          const { port } = server.address() as AddressInfo
          resolve({
            baseUrl: `http://127.0.0.1:${port}`,
            stop: () => new Promise(stopped => (server.close(() => stopped()), server.closeAllConnections())),
          })
        })
      }),
  }
}
