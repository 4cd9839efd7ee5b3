/** How long a service waits for its cache on the network: what is promised of Redis, as it arrives. */
import type { TracesEvidence } from '@whetstone/model'
import { Histogram } from '@whetstone/stats'

/** From the call to the parsed answer, of all commands that found what they asked for; undefined where none did. */
export function cacheReadP50Ms({ cache }: TracesEvidence): number | undefined {
  const reads = (cache?.uses ?? []).filter(({ hits }) => hits > 0)
  if (reads.length === 0) return undefined
  const all = new Histogram()
  for (const { duration } of reads) all.merge(Histogram.fromJSON(duration))
  return Number((all.quantile(0.5) / 1_000).toPrecision(3))
}
