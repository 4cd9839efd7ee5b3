/** Which server is the primary, of what each of them said last: of two that claim it, the one promoted later. */

export interface Claim {
  /** Of a server that said it is no replica; undefined for one that said it is, and one never heard. */
  readonly claimedTimeline: number | undefined
  readonly isReachable: boolean
}

/**
 * A primary that is silent stays the primary: silence may be a busy pool, and a wrong "none" stops all writes. It is outdone by a promotion,
 * or by its own word that it is a replica.
 * @param lowestTimeline the highest ever seen: an old primary that comes back after a promotion is refused
 */
export function elect<T extends Claim>(
  servers: readonly T[],
  current: T | undefined,
  lowestTimeline: number,
): T | undefined {
  let elected: T | undefined
  for (const server of servers) {
    if (server.claimedTimeline === undefined || server.claimedTimeline < lowestTimeline) continue
    if (elected === undefined || outdoes(server, elected, current)) elected = server
  }
  return elected
}

function outdoes<T extends Claim>(one: T, other: T, current: T | undefined): boolean {
  if (one.claimedTimeline !== other.claimedTimeline) return one.claimedTimeline! > other.claimedTimeline!
  if (one.isReachable !== other.isReachable) return one.isReachable
  return one === current
}
