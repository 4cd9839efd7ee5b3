/** How often a cache of each policy has the answer: real access traces, replayed at three sizes. Exact, so one run says it all. */
import { MemoryCache, type PolicyName } from '@whetstone/runtime/cache'
import { median } from '@whetstone/stats'
import { readTrace, traceNames } from './cache/read-trace.ts'

/** Of the distinct keys of the trace. */
const sizes = [0.01, 0.05, 0.2]
const peer: PolicyName = 'lru'
const others = ['s3-fifo', 'sieve', 'w-tiny-lfu', 'fifo'] as const satisfies readonly PolicyName[]

/** Points are hundredths of all accesses. */
const bars = { worstPointsToLru: -0.7, medianPointsToLru: 1.5 }

export const bench = {
  name: 'cache-hit-ratio',
  async run({ quick, log }: { readonly quick: boolean; log(line: string): void }) {
    const figures: Record<string, number | string> = {}
    const gains: number[] = []
    for (const name of quick ? traceNames.slice(0, 1) : traceNames) {
      const keys = await readTrace(name)
      const distinct = new Set(keys).size
      for (const fraction of sizes) {
        const maxEntries = Math.ceil(distinct * fraction)
        const lru = hitPercent(keys, maxEntries, peer)
        const ours = hitPercent(keys, maxEntries, undefined)
        gains.push(ours - lru)
        const compared = others.map(policy => `${policy} ${hitPercent(keys, maxEntries, policy).toFixed(2)}`)
        const line = `lru ${lru.toFixed(2)}, default ${ours.toFixed(2)} (${signed(ours - lru)}); ${compared.join(', ')}`
        figures[`${name} ${fraction * 100} %`] = line
        log(`${name}, ${maxEntries} entries: ${line}`)
      }
    }
    const points = { worstPointsToLru: round(Math.min(...gains)), medianPointsToLru: round(median(gains)) }
    const passed = Object.entries(bars).every(([figure, bar]) => points[figure as keyof typeof points] >= bar)
    return { runs: 1, figures: { ...points, bars: `${passed ? 'pass' : 'fail'}: ${JSON.stringify(bars)}`, ...figures } }
  },
}

function hitPercent(keys: Int32Array, maxEntries: number, policy: PolicyName | undefined): number {
  const cache = new MemoryCache<number, true>({ maxEntries, ...(policy && { policy }) })
  for (const key of keys) if (cache.get(key) === undefined) cache.set(key, true)
  return (cache.counts.hits / keys.length) * 100
}

const round = (points: number) => Math.round(points * 100) / 100
const signed = (points: number) => `${points < 0 ? '' : '+'}${points.toFixed(2)}`
