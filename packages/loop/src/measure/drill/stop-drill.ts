/** Stops a service we started as a rollout would, with requests under way, and counts which of them were answered and which were cut off. */
import http from 'node:http'
import { performance } from 'node:perf_hooks'
import { setTimeout as delay } from 'node:timers/promises'
import type { RouteLoad, RouteName, StopDrill, Workload } from '@whetstone/model'
import type { Target } from '../target.ts'
import { ask, type Asked } from './asked.ts'
import { drawReads } from './draw.ts'
import { graceAfter, patienceFor } from './patience.ts'

export interface StopDrillOptions {
  readonly workload: Workload
  /** Sent before and after the signal beside those that are judged, one connection each. */
  readonly ratePerSecond: number
  /** How long the service usually takes: the signal comes in the middle of that. */
  readonly usualMs: number
  readonly random: () => number
  /** What each route took under load: those that take half the grace are not asked. */
  readonly measured?: readonly RouteLoad[]
  /** At least. Default 4 s; three times the p99 of what is asked, or the time for as many requests at once, where that is longer. */
  readonly graceMs?: number
}

/**
 * Requests that are judged: sent together, each on a connection that the service has just answered on. A connection that is
 * still in the kernel's queue when a server closes its socket is reset by the kernel, and no server can help that.
 */
const volley = 10
const beforeMs = 500
const afterMs = 500
/** For the answers that open the connections; a route that takes longer has no connection to be judged on. */
const patienceMs = 5_000
/** A request is in the service's hands a moment after it was sent, and no longer in the end of its way. */
const earliestSignalMs = 1
const latestSignalMs = 100

/** Undefined where nothing may be repeated safely and in time: only requests that read are sent. The service is gone afterwards. */
export async function stopDrill(
  target: Pick<Target, 'baseUrl' | 'stop'>,
  options: StopDrillOptions,
): Promise<StopDrill | undefined> {
  const { workload, graceMs: leastMs } = patienceFor(options.workload, options.measured ?? [], options.graceMs ?? 4_000)
  const draw = drawReads(workload, options.random)
  if (!draw) return undefined
  const agents = Array.from({ length: volley }, () => new http.Agent({ keepAlive: true, maxSockets: 1 }))
  const asked: Asked[] = []
  const send = () => void asked.push(ask(target.baseUrl, draw()))
  const stream = setInterval(send, 1_000 / options.ratePerSecond)
  try {
    await delay(beforeMs)
    const sound = new Set(asked.filter(one => one.isAnswered() && !one.isServerError()).map(({ route }) => route))
    const together = () => agents.map(agent => ask(target.baseUrl, draw(), agent))
    const openedAt = performance.now()
    const opening = together()
    await Promise.race([Promise.all(opening.map(one => one.done)), delay(patienceMs)])
    const graceMs = graceAfter(performance.now() - openedAt, leastMs)
    // What fails when so many ask at once fails without a signal too.
    for (const one of opening) if (one.isServerError()) sound.delete(one.route)
    let underWay: readonly Asked[] = []
    let early = new Set<Asked>()
    let signalledAt = performance.now()
    const stopped = target
      .stop(graceMs, async () => {
        const burst = together()
        await Promise.race([Promise.all(burst.map(one => one.sent)), delay(latestSignalMs)])
        await delay(Math.min(latestSignalMs, Math.max(earliestSignalMs, options.usualMs / 2)))
        underWay = burst.filter(one => one.isUnderWay())
        early = new Set(asked)
        // A connection that a client keeps open holds up a server that drains: that would be our doing.
        for (const [at, one] of burst.entries()) void one.done.then(() => agents[at]!.destroy())
        signalledAt = performance.now()
      })
      .then(() => performance.now() - signalledAt)
    await Promise.race([stopped, delay(afterMs)])
    clearInterval(stream)
    const endedAfterMs = await stopped
    for (const one of [...asked, ...underWay]) one.giveUp()
    const isLost = (one: Asked) => !one.isAnswered() || (one.isServerError() && sound.has(one.route))
    const later = asked.filter(one => !early.has(one))
    const lost = underWay.filter(isLost)
    return {
      kind: 'stop',
      signal: 'SIGTERM',
      underWay: underWay.length,
      drained: underWay.length - lost.length,
      lost: lost.length,
      routes: byRoute(underWay, lost),
      later: {
        answered: later.filter(one => one.isAnswered()).length,
        refused: later.filter(one => one.isRefused()).length,
        cut: later.filter(one => !one.isAnswered() && !one.isRefused()).length,
      },
      ...(endedAfterMs < graceMs ? { endedAfterMs } : {}),
      graceMs,
    }
  } finally {
    clearInterval(stream)
    for (const one of asked) one.giveUp()
    for (const agent of agents) agent.destroy()
  }
}

function byRoute(underWay: readonly Asked[], lost: readonly Asked[]): StopDrill['routes'] {
  const count = (list: readonly Asked[], route: RouteName) => list.filter(one => one.route === route).length
  return [...new Set(underWay.map(({ route }) => route))].map(route => ({
    route,
    underWay: count(underWay, route),
    lost: count(lost, route),
  }))
}
