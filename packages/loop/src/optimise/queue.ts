/** Waiting in front of a shared resource, by replaying arrivals against its servers: what trace editing alone cannot see. */
import { exponential, randomInteger } from '@whetstone/stats'

export interface QueueOptions {
  readonly arrivalsPerSecond: number
  readonly servers: number
  readonly random: () => number
}

/** Long enough that the mean wait is steady at the utilisations we predict for, short enough to be no pause (a millisecond). */
const arrivals = 4_000

/** Mean wait of an M/G/c queue, served in order of arrival, service times drawn from `servicesMs` (Kendall's notation; Lindley's recursion for c servers). */
export function meanWaitMs(
  servicesMs: readonly number[],
  { arrivalsPerSecond, servers, random }: QueueOptions,
): number {
  if (servicesMs.length === 0 || arrivalsPerSecond <= 0) return 0
  const freeAtMs = new Array<number>(Math.max(1, Math.floor(servers))).fill(0)
  let nowMs = 0
  let waitedMs = 0
  for (let arrival = 0; arrival < arrivals; arrival++) {
    nowMs += (exponential(random) * 1_000) / arrivalsPerSecond
    let first = 0
    for (let at = 1; at < freeAtMs.length; at++) if (freeAtMs[at]! < freeAtMs[first]!) first = at
    const startMs = Math.max(nowMs, freeAtMs[first]!)
    waitedMs += startMs - nowMs
    freeAtMs[first] = startMs + servicesMs[randomInteger(random, servicesMs.length)]!
  }
  return waitedMs / arrivals
}

/** What is left of the waiting when service times or servers change; never above 1: an edit that removes work adds no wait. */
export function waitFraction(
  before: { readonly servicesMs: readonly number[]; readonly servers: number },
  after: { readonly servicesMs: readonly number[]; readonly servers: number },
  arrivalsPerSecond: number,
  sameRandom: () => () => number,
): number {
  // The same arrivals and draws on both sides: only the edit differs.
  const waitBefore = meanWaitMs(before.servicesMs, { arrivalsPerSecond, servers: before.servers, random: sameRandom() })
  const waitAfter = meanWaitMs(after.servicesMs, { arrivalsPerSecond, servers: after.servers, random: sameRandom() })
  return waitBefore > 0 ? Math.min(1, waitAfter / waitBefore) : 1
}
