/** The parts of a distributed run that only decide: clocks, seconds, shares, and what a lost worker took with it. */
import { describe, expect, it } from 'vitest'
import type { LoadInterval, LoadStep } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'
import type { LoadPlan } from '../plan.ts'
import { ClockOffset } from './clock-offset.ts'
import { joinShares } from './join-shares.ts'
import { LiveFigures } from './live-figures.ts'
import { offeredFractionBefore } from './lost-load.ts'
import { Seconds } from './seconds.ts'
import { Share } from './share.ts'
import { checkDivisible, workerPlan } from './worker-plan.ts'

const plan: LoadPlan = {
  target: { host: '127.0.0.1', port: 80 },
  routes: [],
  ratePerSecond: 90,
  durationMs: 10_000,
  warmUpMs: 1000,
  arrivals: 'uniform',
  seed: 1,
  maxConnections: 10,
  timeoutMs: 1000,
}
const empty = new Histogram().toJSON()

function interval(atMs: number, requests = 0, responsesUs: readonly number[] = []): LoadInterval {
  const response = new Histogram()
  for (const us of responsesUs) response.record(us)
  return { atMs, durationMs: 1000, requests, errors: 0, response: response.toJSON() }
}

function step(durationMs: number, requests: number): LoadStep {
  return {
    purpose: 'measure',
    startedAt: '2026-01-01T00:00:00.000Z',
    offeredRatePerSecond: 30,
    achievedRatePerSecond: (requests * 1000) / durationMs,
    durationMs,
    arrivals: 'uniform',
    sent: requests,
    completed: requests,
    errors: 0,
    errorsByKind: {},
    routes: [],
    overall: { requests, errors: 0, response: empty, service: empty },
    intervals: [],
    generator: { verdict: 'healthy', reasons: [], lagP50Ms: 0, lagP99Ms: 0, lagMaxMs: 0, cpuFraction: 0.1 },
  }
}

describe('the clock of the controller', () => {
  it('is read from the quickest round trip, whatever the slow ones say', () => {
    const clock = new ClockOffset()
    clock.observe(100, 5170, 300)
    expect(clock.ours(5000)).toBe(30)
    clock.observe(400, 5401, 402)
    clock.observe(500, 5900, 900)
    expect(clock.ours(5401)).toBe(401)
  })
})

describe('seconds of several workers', () => {
  it('are told in order, once all who work have handed them over', () => {
    const told: [number, number][] = []
    const seconds = new Seconds(({ atMs, requests }) => told.push([atMs, requests]))
    seconds.add(0, interval(0, 1))
    seconds.add(0, interval(1000, 2))
    seconds.flush([0, 1])
    expect(told).toEqual([])
    seconds.add(1, interval(0, 10))
    seconds.flush([0, 1])
    expect(told).toEqual([[0, 11]])
    // The second worker is lost: the other's seconds go on.
    seconds.flush([0])
    expect(told).toEqual([
      [0, 11],
      [1000, 2],
    ])
    // And it comes back, too late for that second.
    seconds.add(1, interval(1000, 20))
    seconds.add(1, interval(2000, 30))
    seconds.add(0, interval(2000, 3))
    seconds.flush([])
    expect(told.slice(2)).toEqual([[2000, 33]])
  })
})

describe('what was due before an instant', () => {
  it.each<[string, Partial<LoadPlan>, number, number]>([
    ['at a constant rate', {}, 2500, 0.25],
    ['after the end', {}, 12_000, 1],
    ['of a closed model, by its time', { closed: { users: 3 } }, 2500, 0.25],
    ['on a ramp from nothing', { shape: { kind: 'ramp', fromPerSecond: 0, toPerSecond: 100 } }, 5000, 0.25],
    ['on stairs', { shape: { kind: 'stairs', ratesPerSecond: [10, 30] } }, 5000, 0.25],
    ['on stairs, within the second', { shape: { kind: 'stairs', ratesPerSecond: [10, 30] } }, 7500, 0.625],
    ['of a replay', { shape: { kind: 'replay', atMs: [0, 1, 2, 9000], speed: 1 } }, 5000, 0.75],
  ])('%s', (_name, change, untilMs, fraction) => {
    expect(offeredFractionBefore({ ...plan, ...change }, untilMs)).toBeCloseTo(fraction, 9)
  })
})

describe('a share', () => {
  it('keeps the seconds of a long run in bounded memory, and none of their requests is lost', () => {
    const share = new Share('a', 0, 1, 0)
    for (let second = 0; second < 1000; second++) share.second(interval(second * 1000, 2), step(second, second))
    const { intervals } = share.step!
    expect(intervals.length).toBeLessThanOrEqual(240)
    expect(intervals.reduce((sum, { requests }) => sum + requests, 0)).toBe(2000)
  })

  it('is lost until it speaks again, and finished once it is done', () => {
    const share = new Share('a', 1, 3, 0)
    share.lostBecause = 'was silent'
    expect(share.ended).toBe(true)
    expect(share.told).toEqual({ name: 'a', index: 1, of: 3, requests: 0, ended: 'lost' })
    share.done({ measure: step(10_000, 300), stopped: 'finished' })
    expect(share.told).toEqual({ name: 'a', index: 1, of: 3, requests: 300, ended: 'finished' })
  })
})

describe('joinShares', () => {
  const finished = (index: number) => {
    const share = new Share(`host-${index}`, index, 3, 0)
    share.done({ measure: step(10_000, 300), stopped: 'finished', warnings: ['data ran out'] })
    return share
  }
  const lost = (index: number, afterMs?: number) => {
    const share = new Share(`host-${index}`, index, 3, 0)
    if (afterMs !== undefined) share.second(interval(0), step(afterMs, 3 * (afterMs / 100)))
    share.lostBecause = 'fell silent'
    return share
  }

  it('adds what all handed over, and says what the lost one took with it', () => {
    const { measure, workers, warnings, stopped } = joinShares(
      plan,
      [finished(0), lost(1, 4000), finished(2)],
      undefined,
    )
    expect(measure).toMatchObject({
      sent: 720,
      offeredRatePerSecond: 90,
      lost: { workers: 1, ofWorkers: 3 },
      generator: { verdict: 'degraded', reasons: ['host-1 (2 of 3) fell silent: 20 % of the load is missing'] },
    })
    expect(measure.lost!.fraction).toBeCloseTo(0.2)
    expect(measure.achievedRatePerSecond).toBeCloseTo(72)
    expect(workers?.map(({ ended }) => ended)).toEqual(['finished', 'lost', 'finished'])
    expect({ warnings, stopped }).toEqual({ warnings: ['data ran out'], stopped: 'finished' })
  })

  it('counts a worker that handed over nothing as wholly lost', () => {
    const { measure } = joinShares(plan, [finished(0), finished(1), lost(2)], 'threshold')
    expect(measure.lost!.fraction).toBeCloseTo(1 / 3)
    expect(measure.offeredRatePerSecond).toBe(90)
  })

  it('refuses to report when nobody handed over anything', () => {
    expect(() => joinShares(plan, [lost(0), lost(1)], undefined)).toThrow(
      expect.objectContaining({
        code: 'WHET_LOAD_WORKERS',
        message: 'all 2 workers were lost: host-0 (1 of 3) fell silent',
      }),
    )
  })
})

describe('what a worker is given', () => {
  it('is its segment and its part of the connections; limits stay with the controller, and endless is left out', () => {
    const given = workerPlan(
      { ...plan, thresholds: [], connections: { requestsPerConnection: Number.POSITIVE_INFINITY } },
      1,
      3,
    )
    expect(given).toEqual({ ...plan, maxConnections: 3, segment: { index: 1, of: 3 } })
    expect(JSON.parse(JSON.stringify(given))).toEqual(given)
  })

  it('is a connection more for the first where they do not divide evenly, so that none is left out', () => {
    const connections = [0, 1, 2].map(index => workerPlan({ ...plan, maxConnections: 11 }, index, 3).maxConnections)
    expect(connections).toEqual([4, 4, 3])
  })

  it('is refused where a worker would have no connection', () => {
    checkDivisible({ ...plan, maxConnections: 3 }, 3)
    expect(() => checkDivisible({ ...plan, maxConnections: 3 }, 4)).toThrow(
      expect.objectContaining({
        code: 'WHET_LOAD_PLAN',
        message: '3 connections cannot be divided among 4 workers',
        hint: '--connections 4, or --workers 3',
      }),
    )
  })
})

describe('what is shown of several workers', () => {
  it('adds their counts and takes quantiles from the seconds they handed over', () => {
    const figures = new LiveFigures()
    const live = (sent: number, atMs: number, purpose: LoadStep['purpose'] = 'measure') => ({
      purpose,
      atMs,
      stepDurationMs: 10_000,
      sent,
      completed: sent,
      errors: 1,
      inFlight: 2,
      p50Ms: 1,
      p95Ms: 1,
      p99Ms: 1,
    })
    figures.second(interval(0, 2, [1000, 3000]))
    expect(figures.live([live(10, 1500), live(5, 1400), live(900, 3000, 'warm-up')])).toMatchObject({
      sent: 15,
      errors: 2,
      inFlight: 4,
      p99Ms: 3,
    })
  })
})
