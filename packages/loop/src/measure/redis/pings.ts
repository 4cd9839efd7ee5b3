/** How long the server takes to say PONG while the service is under load: what every command of the service waits at least. */
import { performance } from 'node:perf_hooks'
import { quantile } from '@whetstone/stats'
import type { RedisConnection } from './connect.ts'

const everyMs = 100
const pingsKept = 3_000

export interface Pings {
  stop(): { readonly pings: number; readonly p50Ms: number; readonly p99Ms: number; readonly maxMs: number } | undefined
}

/** One at a time: a second would wait for the first. */
export function startPings(connection: RedisConnection): Pings {
  const durationsMs: number[] = []
  let isWaiting = false
  const timer = setInterval(() => {
    if (isWaiting || durationsMs.length >= pingsKept) return
    isWaiting = true
    const startedAt = performance.now()
    const loopBefore = performance.eventLoopUtilization()
    void connection
      .ask('PING')
      .then(() => {
        const durationMs = performance.now() - startedAt
        // An answer that this process was too busy to read says nothing of the server.
        const { active } = performance.eventLoopUtilization(loopBefore)
        if (active < Math.max(1, durationMs / 2)) durationsMs.push(durationMs)
      })
      .catch(() => clearInterval(timer))
      .finally(() => (isWaiting = false))
  }, everyMs)
  return {
    stop() {
      clearInterval(timer)
      if (durationsMs.length === 0) return undefined
      return {
        pings: durationsMs.length,
        p50Ms: quantile(durationsMs, 0.5),
        p99Ms: quantile(durationsMs, 0.99),
        maxMs: Math.max(...durationsMs),
      }
    },
  }
}
