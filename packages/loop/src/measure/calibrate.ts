/** Finds a rate the service can keep: latency beyond saturation measures the queue, not the service. */
import type { PlannedRoute, Workload } from '@whetstone/model'
import type { SendRequest } from './workload/http-client.ts'

export interface Calibration {
  readonly ratePerSecond: number
  /** Weighted mean time of one request alone. */
  readonly serviceMs: number
}

/** Half of what one request after the other would reach: below the knee of a single-threaded service, busy enough to show waiting. */
const targetUtilisation = 0.5
const budgetMs = 6_000
const triesPerRoute = 3
/** Slower than this and a window holds too few requests to say anything. */
const slowestRatePerSecond = 0.5

/** Sends each route alone a few times, for at most six seconds in all. @param most the rate that is wanted when the service can keep it */
export async function calibrate(
  workload: Workload,
  send: SendRequest,
  most: number,
  now: () => number,
): Promise<Calibration> {
  const began = now()
  let weighted = 0
  let weights = 0
  for (const route of workload.routes) {
    if (now() - began > budgetMs) break
    const timeMs = await timeAlone(route, send, now)
    weighted += timeMs * route.weight
    weights += route.weight
  }
  const serviceMs = weights === 0 ? 0 : weighted / weights
  const sustainable = serviceMs === 0 ? most : (targetUtilisation * 1_000) / serviceMs
  return { ratePerSecond: rounded(Math.min(most, Math.max(slowestRatePerSecond, sustainable))), serviceMs }
}

/** Fewer of one route say nothing about it; so many are missed altogether once in 20,000 times. */
const drawsOfEachRoute = 10

/** Long enough for the rarest route, never shorter than asked for. @param mostMs nobody waits longer for a first look */
export function durationFor(
  { routes }: Workload,
  { ratePerSecond, durationMs, mostMs }: { ratePerSecond: number; durationMs: number; mostMs: number },
): { readonly durationMs: number; readonly drawsOfRarest: number } {
  const drawn = routes.map(({ weight }) => weight).filter(weight => weight > 0)
  const rarest = Math.min(...drawn) / drawn.reduce((sum, weight) => sum + weight, 0)
  if (drawn.length === 0) return { durationMs, drawsOfRarest: 0 }
  const neededMs = Math.ceil(drawsOfEachRoute / (ratePerSecond * rarest)) * 1_000
  const longEnoughMs = Math.max(durationMs, Math.min(mostMs, neededMs))
  return { durationMs: longEnoughMs, drawsOfRarest: (ratePerSecond * rarest * longEnoughMs) / 1_000 }
}

/** The fastest of a few: the first of a process compiles and connects. */
async function timeAlone(route: PlannedRoute, send: SendRequest, now: () => number): Promise<number> {
  let best = Number.POSITIVE_INFINITY
  for (let attempt = 0; attempt < triesPerRoute; attempt++) {
    const request = route.requests[Math.floor((attempt * route.requests.length) / triesPerRoute)]
    if (!request) break
    const sentAt = now()
    await send(request)
    best = Math.min(best, now() - sentAt)
    if (best > 1_000) break
  }
  return Number.isFinite(best) ? best : 0
}

/** 1, 2 or 5 times a power of ten: a rate people can compare with the next run's. */
function rounded(rate: number): number {
  const power = 10 ** Math.floor(Math.log10(rate))
  const step = [5, 2, 1].find(factor => factor * power <= rate * 1.000_001) ?? 1
  return step * power
}
