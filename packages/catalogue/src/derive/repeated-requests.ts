/** How many requests of a route ask for what was asked before: told from a sample of them, of which each is as likely as another. */
import type { Trace } from '@whetstone/model'

export interface RepeatedRequests {
  /** Sampled requests whose address is known. */
  readonly samples: number
  readonly different: number
  /**
   * Of the next requests, those that would ask for an address that the sample already holds: 1 − addresses seen once / samples. A lower
   * bound for all that were served (Good, "The population frequencies of species", Biometrika 1953).
   */
  readonly seenFraction: number
}

export function repeatedRequests(traces: readonly Trace[]): RepeatedRequests {
  const counts = new Map<string, number>()
  for (const { url } of traces) if (url !== undefined) counts.set(url, (counts.get(url) ?? 0) + 1)
  const samples = [...counts.values()].reduce((sum, count) => sum + count, 0)
  const once = [...counts.values()].filter(count => count === 1).length
  return { samples, different: counts.size, seenFraction: samples > 0 ? 1 - once / samples : 0 }
}
