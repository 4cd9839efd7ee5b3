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
  const freeAtMs = Array.from({ length: Math.max(1, Math.floor(servers)) }, () => 0)
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

export interface QueueSide {
  readonly servicesMs: readonly number[]
  readonly servers: number
  /** Arrivals that one request makes; 1 by default. */
  readonly perRequest?: number
}

/** Mean waits of one arrival, ms. */
export interface WaitChange {
  readonly beforeMs: number
  /** Never above `beforeMs`: an edit that removes work adds no wait. */
  readonly afterMs: number
}

/** What becomes of the waiting when service times or servers change. */
export function waitChange(
  before: QueueSide,
  after: QueueSide,
  requestsPerSecond: number,
  sameRandom: () => () => number,
): WaitChange {
  // The same draws on both sides: only the edit differs.
  const wait = ({ servicesMs, servers, perRequest = 1 }: QueueSide) =>
    meanWaitMs(servicesMs, { arrivalsPerSecond: requestsPerSecond * perRequest, servers, random: sameRandom() })
  const beforeMs = wait(before)
  return { beforeMs, afterMs: Math.min(beforeMs, wait(after)) }
}

/** 0 to 1; 1 where nobody waited. */
export function fractionLeft({ beforeMs, afterMs }: WaitChange): number {
  return beforeMs > 0 ? afterMs / beforeMs : 1
}
