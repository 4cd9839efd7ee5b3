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
    const first = indexOfSmallest(freeAtMs)
    const startMs = Math.max(nowMs, freeAtMs[first]!)
    waitedMs += startMs - nowMs
    freeAtMs[first] = startMs + servicesMs[randomInteger(random, servicesMs.length)]!
  }
  return waitedMs / arrivals
}

/** What one request asks of a resource: each job when it comes, from the start of the request, and how long it holds a server. */
export type Burst = readonly { readonly offsetMs: number; readonly serviceMs: number }[]

/** Mean wait of all jobs of one request together: jobs of a request come in bursts, which a queue of single arrivals does not know. */
export function meanBurstWaitMs(
  bursts: readonly Burst[],
  { arrivalsPerSecond, servers, random }: QueueOptions,
): number {
  const perRequest = bursts.reduce((sum, burst) => sum + burst.length, 0) / Math.max(1, bursts.length)
  if (perRequest === 0 || arrivalsPerSecond <= 0) return 0
  const requests = Math.max(200, Math.ceil(arrivals / perRequest))
  const jobs: { readonly atMs: number; readonly serviceMs: number }[] = []
  let nowMs = 0
  for (let request = 0; request < requests; request++) {
    nowMs += (exponential(random) * 1_000) / arrivalsPerSecond
    const burst = bursts[randomInteger(random, bursts.length)]!
    for (const { offsetMs, serviceMs } of burst) jobs.push({ atMs: nowMs + offsetMs, serviceMs })
  }
  jobs.sort((a, b) => a.atMs - b.atMs)
  const freeAtMs = Array.from({ length: Math.max(1, Math.floor(servers)) }, () => 0)
  let waitedMs = 0
  for (const { atMs, serviceMs } of jobs) {
    const first = indexOfSmallest(freeAtMs)
    const startMs = Math.max(atMs, freeAtMs[first]!)
    waitedMs += startMs - atMs
    freeAtMs[first] = startMs + serviceMs
  }
  return waitedMs / requests
}

function indexOfSmallest(values: readonly number[]): number {
  let first = 0
  for (let at = 1; at < values.length; at++) if (values[at]! < values[first]!) first = at
  return first
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
