import { describe, expect, it } from 'vitest'
import { bench } from './capacity.ts'
import { capacityOf, slowerThan, waitChance, type Mmc } from './capacity/erlang.ts'

describe('the formulas of M/M/c', () => {
  it('are those of M/M/1 for one slot: an exponential response time of rate μ - λ', () => {
    const queue: Mmc = { slots: 1, servicePerSecond: 250 }
    expect(waitChance(queue, 200)).toBeCloseTo(0.8, 12)
    expect(slowerThan(queue, 200, 0.02)).toBeCloseTo(Math.exp(-1), 12)
    expect(capacityOf(queue, 0.95, 0.06)).toBeCloseTo(250 - Math.log(20) / 0.06, 9)
  })

  it('give the worked example of two slots: ρ² × 2 / (1 + ρ) of the arrivals wait', () => {
    expect(waitChance({ slots: 2, servicePerSecond: 1 }, 1.5)).toBeCloseTo((2 * 0.75 ** 2) / 1.75, 12)
  })

  it('agree with adding up a long queue slot by slot', () => {
    const { slots, servicePerSecond, rate, seconds } = { slots: 4, servicePerSecond: 10, rate: 34, seconds: 0.3 }
    // The chance of n in the system, from balance; an arrival that finds n >= c waits for n - c + 1 departures.
    const weights: number[] = [1]
    for (let n = 1; n < 800; n++) weights.push((weights[n - 1]! * rate) / (servicePerSecond * Math.min(n, slots)))
    const total = weights.reduce((sum, weight) => sum + weight, 0)
    // Both the wait and the service in steps of a millisecond.
    const steps = seconds * 1000
    let slower = 0
    for (const [n, weight] of weights.slice(0, 200).entries()) {
      slower +=
        (weight / total) *
        slowerAfter(Math.max(0, n - slots + 1), slots * servicePerSecond, servicePerSecond, seconds, steps)
    }
    expect(slowerThan({ slots, servicePerSecond }, rate, seconds)).toBeCloseTo(slower, 3)
  })

  it('know a limit that nothing keeps, and saturation', () => {
    expect(capacityOf({ slots: 4, servicePerSecond: 10 }, 0.95, 0.2)).toBe(0)
    expect(slowerThan({ slots: 4, servicePerSecond: 10 }, 40, 0.2)).toBe(1)
  })
})

/** P(a wait for `departures` at rate `drain`, and then a service, take longer): the wait is an Erlang sum, integrated by midpoints. */
function slowerAfter(departures: number, drain: number, service: number, seconds: number, steps: number): number {
  if (departures === 0) return Math.exp(-service * seconds)
  let within = 0
  let density = 0
  const widthS = seconds / steps
  let slower = 0
  for (let step = 0; step < steps; step++) {
    const at = (step + 0.5) * widthS
    let logDensity = Math.log(drain) - drain * at
    for (let k = 1; k < departures; k++) logDensity += Math.log((drain * at) / k)
    density = Math.exp(logDensity)
    within += density * widthS
    slower += density * widthS * Math.exp(-service * (seconds - at))
  }
  return slower + Math.max(0, 1 - within)
}

describe('bench capacity', () => {
  it('searches a real server and tells how far it was off', async () => {
    const lines: string[] = []
    const { runs, figures } = await bench.run({ quick: true, log: line => lines.push(line) })
    expect(runs).toBe(1)
    expect(figures).toMatchObject({ runs: 1, truthPerSecond: 935.7 })
    expect(figures.loadsPerRun[0]).toBeGreaterThanOrEqual(1)
    expect(lines).toHaveLength(1)
  })
})
