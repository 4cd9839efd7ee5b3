/** Picks the better of two drawn at random: nearly as good as asking all, and no herd runs to the one that was idle a moment ago. */

export interface Choosable {
  readonly inFlight: number
  readonly latencyMs: number
}

/**
 * Mitzenmacher, "The power of two choices in randomized load balancing" (2001).
 * @param random from 0 to below 1
 * @returns undefined when there is none
 */
export function choose<T extends Choosable>(candidates: readonly T[], random: () => number): T | undefined {
  const count = candidates.length
  if (count < 2) return candidates[0]
  const first = Math.floor(random() * count)
  const second = (first + 1 + Math.floor(random() * (count - 1))) % count
  const [one, other] = [candidates[first]!, candidates[second]!]
  return expectedMs(other) < expectedMs(one) ? other : one
}

/** How long one more statement would take if those under way shared the server. */
function expectedMs({ inFlight, latencyMs }: Choosable): number {
  return (inFlight + 1) * latencyMs
}

/** A mean in which the last ten or so count; one slow answer does not condemn, ten do. */
const weight = 0.1

export function smoothed(meanMs: number, tookMs: number): number {
  return meanMs + (tookMs - meanMs) * weight
}
