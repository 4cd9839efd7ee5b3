/** The benchmarks of the load engine run; how fast is read in docs/benchmarks.md, not asserted here. */
import { describe, expect, it } from 'vitest'
import { bench as cpu } from './load-cpu.ts'
import { bench as pacing } from './load-pacing.ts'
import { bench as truth } from './load-truth.ts'

const quiet = { quick: true, log: () => {} }

describe('the benchmarks of the load engine', () => {
  it('print the cost of a request beside those of the peers', async () => {
    const { figures } = await cpu.run(quiet)
    expect(Object.keys(figures)).toEqual(
      expect.arrayContaining(['ofAutocannon', 'ofWrk', 'ofNodeHttp', 'fullOfAutocannon', 'requestsPerSecond']),
    )
    expect(figures['microsPerRequest']).toBeGreaterThan(0)
  }, 60_000)

  it('print how exactly requests leave', async () => {
    const { figures } = await pacing.run(quiet)
    expect(Object.keys(figures)).toEqual(expect.arrayContaining(['lagP50Micros1k', 'coreShare5k']))
  }, 60_000)

  it('hold every request to account while the server stands still', async () => {
    const { figures } = await truth.run(quiet)
    expect(figures.samplesEqualRequests).toBe(true)
  }, 120_000)
})
