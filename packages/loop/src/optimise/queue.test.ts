import { describe, expect, it } from 'vitest'
import { exponential, seededRandom } from '@whetstone/stats'
import { fractionLeft, meanBurstWaitMs, meanWaitMs, waitChange } from './queue.ts'

const draw = seededRandom(7)
const exponentialServices = Array.from({ length: 5_000 }, () => exponential(draw) * 10)
const mean = (arrivalsPerSecond: number, servers: number, servicesMs: readonly number[]) => {
  const seeds = Array.from({ length: 40 }, (_, seed) => seed)
  return (
    seeds.reduce(
      (sum, seed) => sum + meanWaitMs(servicesMs, { arrivalsPerSecond, servers, random: seededRandom(seed) }),
      0,
    ) / seeds.length
  )
}

describe('a queue replayed', () => {
  it('waits as M/M/1 says: ρ / (1 − ρ) of the mean service time', () => {
    const service = exponentialServices.reduce((sum, ms) => sum + ms, 0) / exponentialServices.length
    const utilisation = (50 * service) / 1_000
    expect(mean(50, 1, exponentialServices) / ((service * utilisation) / (1 - utilisation))).toBeCloseTo(1, 1)
  })

  it('waits half as long when every service takes the same time (Pollaczek and Khinchine)', () => {
    expect(mean(50, 1, [10]) / 5).toBeCloseTo(1, 1)
  })

  it('hardly waits with a second server', () => {
    expect(mean(50, 2, [10])).toBeLessThan(1)
  })

  it('keeps all waiting when nothing changes, and less when work goes', () => {
    const random = () => seededRandom(3)
    const same = { servicesMs: [5, 15], servers: 1 }
    const left = (after: typeof same) => fractionLeft(waitChange(same, after, 60, random))
    expect(left(same)).toBe(1)
    expect(left({ ...same, servicesMs: [1, 3] })).toBeLessThan(0.2)
    expect(left({ ...same, servicesMs: [50] })).toBe(1)
  })

  it('lets the queries of one request wait for one another, however seldom requests come', () => {
    const together = Array.from({ length: 5 }, () => ({ offsetMs: 0, serviceMs: 10 }))
    const seldom = { arrivalsPerSecond: 0.01, random: seededRandom(1) }
    // The second waits 10 ms, the third 20, and so on: 100 in all; two at a time 0, 0, 10, 10 and 20.
    expect(meanBurstWaitMs([together], { ...seldom, servers: 1 })).toBeCloseTo(100, 0)
    expect(meanBurstWaitMs([together], { ...seldom, servers: 2 })).toBeCloseTo(40, 0)
    expect(meanBurstWaitMs([together], { ...seldom, servers: 5 })).toBeCloseTo(0, 0)
  })

  it('does not let those wait that come one after another', () => {
    const inTurn = [0, 10, 20].map(offsetMs => ({ offsetMs, serviceMs: 10 }))
    const seldom = { arrivalsPerSecond: 0.01, servers: 1, random: seededRandom(1) }
    expect(meanBurstWaitMs([inTurn], seldom)).toBeCloseTo(0, 0)
  })
})
