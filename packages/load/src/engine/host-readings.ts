/** How busy the generator itself was: its CPU time and the delay of its event loop. */
import { monitorEventLoopDelay, performance } from 'node:perf_hooks'
import { isMainThread } from 'node:worker_threads'

export interface HostReadings {
  /** Starts a new period. */
  reset(): void
  /** Since the last reset. */
  read(): { readonly cpuFraction: number; readonly loopDelayP99Ms: number }
  close(): void
}

/** The delay monitor fires on this period and reports the period with the delay on top. */
const RESOLUTION_MS = 10

export function hostReadings(now: () => number): HostReadings {
  const delay = monitorEventLoopDelay({ resolution: RESOLUTION_MS })
  delay.enable()
  let startMs = now()
  let usage = process.cpuUsage()
  let loop = performance.eventLoopUtilization()
  return {
    reset() {
      startMs = now()
      usage = process.cpuUsage()
      loop = performance.eventLoopUtilization()
      delay.reset()
    },
    read() {
      const elapsedMs = now() - startMs
      const { user, system } = process.cpuUsage(usage)
      const p99Ms = delay.count === 0 ? RESOLUTION_MS : delay.percentile(99) / 1e6
      return {
        // The CPU time of a process is that of all its threads: one among several is as busy as its event loop.
        cpuFraction: isMainThread
          ? elapsedMs === 0
            ? 0
            : (user + system) / 1000 / elapsedMs
          : performance.eventLoopUtilization(loop).utilization,
        loopDelayP99Ms: Math.max(0, p99Ms - RESOLUTION_MS),
      }
    },
    close() {
      delay.disable()
    },
  }
}
