/** How exactly requests leave, and what that exactness costs: lag from the schedule and share of a core at two rates. */
import { fork } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { run } from '@whetstone/load'
import type { SerializedHistogram } from '@whetstone/model'
import { Histogram, median } from '@whetstone/stats'
import { message } from './load/message.ts'

const rates = [
  { ratePerSecond: 1_000, suffix: '1k' },
  { ratePerSecond: 5_000, suffix: '5k' },
] as const
const pacings = ['precise', 'timer'] as const

export const bench = {
  name: 'load-pacing',
  async run({ quick, log }: { readonly quick: boolean; log(line: string): void }) {
    const rounds = quick ? 1 : 5
    const server = fork(fileURLToPath(new URL('load/server.mjs', import.meta.url)), [], { execArgv: [] })
    try {
      const { port } = (await message(server)) as { readonly port: number }
      const samples = new Map<string, { lagMicros: number; lagP90Micros: number; coreShare: number }[]>()
      for (let round = 0; round < rounds; round++) {
        for (const { ratePerSecond, suffix } of rates) {
          for (const pacing of pacings) {
            const { measure } = await run({
              target: { host: '127.0.0.1', port },
              routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
              ratePerSecond,
              durationMs: quick ? 1_000 : 8_000,
              warmUpMs: quick ? 500 : 2_000,
              arrivals: 'uniform',
              seed: 1,
              maxConnections: 64,
              timeoutMs: 5_000,
              pacing,
            })
            const { lagP50Ms, cpuFraction } = measure.generator
            const sample = {
              lagMicros: lagP50Ms * 1_000,
              lagP90Micros: quantileMicros(measure.lag!, 0.9),
              coreShare: cpuFraction,
            }
            const key = pacing === 'precise' ? suffix : `${suffix}Timer`
            samples.set(key, [...(samples.get(key) ?? []), sample])
            log(
              `round ${round + 1}: ${ratePerSecond}/s ${pacing.padEnd(7)} lag p50 ${sample.lagMicros.toFixed(0)} µs, p90 ${sample.lagP90Micros.toFixed(0)} µs, ${(100 * cpuFraction).toFixed(0)} % of a core`,
            )
          }
        }
      }
      const figures: Record<string, number> = {}
      for (const [key, list] of samples) {
        figures[`lagP50Micros${key}`] = Math.round(median(list.map(({ lagMicros }) => lagMicros)))
        figures[`lagP90Micros${key}`] = Math.round(median(list.map(({ lagP90Micros }) => lagP90Micros)))
        figures[`coreShare${key}`] = Number(median(list.map(({ coreShare }) => coreShare)).toFixed(3))
      }
      return { runs: rounds, figures }
    } finally {
      server.disconnect()
    }
  },
}

function quantileMicros(histogram: SerializedHistogram, q: number): number {
  return Histogram.fromJSON(histogram).quantile(q)
}
