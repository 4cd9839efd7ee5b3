/** Requests at a steady pace, whatever becomes of them: what a drill watches the service by. */
import http from 'node:http'
import { performance } from 'node:perf_hooks'
import type { DrillPhase, PlannedRequest, RouteName } from '@whetstone/model'
import { quantile } from '@whetstone/stats'
import { ask, type Asked } from './asked.ts'

export interface DrillRequest extends PlannedRequest {
  readonly route: RouteName
}

export interface SentRequest {
  readonly route: RouteName
  /** Of `performance.now()`. */
  readonly sentAtMs: number
  readonly endedAtMs: number
  /** Cut off, given up, or answered with 5xx. */
  readonly isFailed: boolean
}

export interface Stream {
  /** Sends no more, waits for what is under way, and tells of all of it. */
  stop(): Promise<readonly SentRequest[]>
}

/** Longer than a service may take by any usual limit: whoever waits longer has gone. */
const patienceMs = 10_000
const connectionsMost = 512

export function startStream(baseUrl: string, draw: () => DrillRequest, ratePerSecond: number): Stream {
  const agent = new http.Agent({ keepAlive: true, maxSockets: connectionsMost })
  const underWay = new Set<Promise<void>>()
  const ended: SentRequest[] = []
  const startedAt = performance.now()
  let sent = 0
  const timer = setInterval(() => {
    // A timer that is late makes up for it: the pace is that of the clock.
    const due = Math.floor(((performance.now() - startedAt) * ratePerSecond) / 1_000)
    for (; sent < due; sent++) send()
  }, 5)

  function send(): void {
    const request = draw()
    const sentAtMs = performance.now()
    const asked = ask(baseUrl, request, agent)
    const giveUp = setTimeout(() => asked.giveUp(), patienceMs)
    const watched = watch(asked, { route: request.route, sentAtMs }, giveUp)
    underWay.add(watched)
    void watched.finally(() => underWay.delete(watched))
  }

  async function watch(
    asked: Asked,
    sentRequest: Pick<SentRequest, 'route' | 'sentAtMs'>,
    giveUp: NodeJS.Timeout,
  ): Promise<void> {
    await asked.done
    clearTimeout(giveUp)
    ended.push({ ...sentRequest, endedAtMs: performance.now(), isFailed: isFailed(asked) })
  }

  return {
    async stop() {
      clearInterval(timer)
      await Promise.all(underWay)
      agent.destroy()
      return ended
    },
  }
}

function isFailed(asked: Asked): boolean {
  return !asked.isAnswered() || asked.isServerError()
}

/** Of all of them. */
export function phaseOf(sent: readonly SentRequest[]): DrillPhase {
  const durationsMs = sent.map(({ sentAtMs, endedAtMs }) => endedAtMs - sentAtMs)
  const isEmpty = sent.length === 0
  return {
    requests: sent.length,
    errors: sent.filter(one => one.isFailed).length,
    p50Ms: isEmpty ? 0 : quantile(durationsMs, 0.5),
    p99Ms: isEmpty ? 0 : quantile(durationsMs, 0.99),
    maxMs: isEmpty ? 0 : Math.max(...durationsMs),
  }
}
