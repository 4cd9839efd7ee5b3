import { describe, expect, it } from 'vitest'
import { connectionsFor, poolDemand, tasksPerCore, widestBurst } from './pool-demand.ts'
import { hostOf, query, times, trace, tracesOf } from './testing/evidence.ts'
import { loadOf } from './testing/load.ts'

describe('connectionsFor', () => {
  it('is the quantile of the Poisson distribution, worked by hand', () => {
    // P(0) = 0.9048, P(≤1) = 0.9953 at a mean of 0.1; P(≤3) = 0.9810, P(≤4) = 0.9963 at 1.
    expect([0, 0.1, 1].map(connectionsFor)).toEqual([1, 1, 4])
  })
  it('agrees with the normal curve where that takes over', () => {
    expect(connectionsFor(101) - connectionsFor(100)).toBeLessThanOrEqual(2)
    expect(connectionsFor(1_000)).toBe(1_074)
  })
})

describe('poolDemand', () => {
  const load = loadOf([], { offeredRatePerSecond: 20 })
  it('is arrivals times the time a connection is held, without the wait for it', () => {
    const traces = tracesOf(times(4, trace('GET /a', 100, [query('a', 60, 30, { poolWaitMs: 50 })])))
    expect(poolDemand(traces, load)).toEqual({ arrivalsPerSecond: 20, heldMs: 30, inUse: 0.6 })
  })
  it('counts a transaction from its first statement to its last, pauses included', () => {
    const inside = { transaction: 1 }
    const spans = [query('begin', 0, 1, inside), query('a', 40, 10, inside), query('commit', 99, 1, inside)]
    expect(poolDemand(tracesOf([trace('GET /a', 100, spans)]), load)?.heldMs).toBe(100)
  })
  it('weighs routes by how often they are asked for', () => {
    const traces = tracesOf([...times(3, trace('GET /a', 50, [query('a', 0, 40)])), trace('GET /b', 5, [])])
    expect(poolDemand(traces, load)?.heldMs).toBe(30)
  })
  it('is not known where slow answers lower the load', () => {
    const traces = tracesOf([trace('GET /a', 50, [query('a', 0, 40)])])
    expect(poolDemand(traces, loadOf([], { arrivals: 'closed', users: 5 }))).toBeUndefined()
    expect(poolDemand(traces, undefined)).toBeUndefined()
  })
})

describe('tasksPerCore', () => {
  const host = hostOf(0.2)
  const busy = (cpuBusyFraction: number, runnable?: number) => ({
    ...host,
    samples: host.samples.map(sample => ({
      ...sample,
      cpuBusyFraction,
      ...(runnable === undefined ? {} : { runnable }),
    })),
  })
  it('shares the cores of a full machine among all but the one that counts', () => {
    expect(tasksPerCore(busy(0.99, 21), 0.9)).toBe(10)
  })
  it('has no bound where tasks were not counted', () => {
    expect(tasksPerCore(busy(1), 0.9)).toBe(Infinity)
  })
  it('is one where each task had a core', () => {
    expect(tasksPerCore(busy(1, 2), 0.9)).toBe(1)
  })
  it('is not known of a machine with CPU left, or never looked at', () => {
    expect(tasksPerCore(busy(0.8, 21), 0.9)).toBeUndefined()
    expect(tasksPerCore({ ...host, samples: [] }, 0.9)).toBeUndefined()
  })
})

describe('widestBurst', () => {
  it('counts statements that are wanted at once, waiting or running', () => {
    const spans = [0, 1, 2, 3].map(at => query('a', at * 10, 10, { poolWaitMs: at * 10 }))
    expect(widestBurst(tracesOf([trace('GET /a', 50, spans)]), 0.05)).toBe(4)
  })
  it('counts statements one after another as one', () => {
    const spans = [0, 1, 2, 3].map(at => query('a', at * 10, 10))
    expect(widestBurst(tracesOf([trace('GET /a', 50, spans)]), 0.05)).toBe(1)
  })
})
