/** The process's health once a second: event loop, garbage collection, memory, CPU. */
import v8 from 'node:v8'
import { monitorEventLoopDelay, PerformanceObserver, performance } from 'node:perf_hooks'
import type { ProbeRuntime } from '@whetstone/model'
import { now, wallClock } from './clock.ts'
import { isFullCollection } from './heap.ts'
import { takeFinishedRequests } from './ledger.ts'
import { LoopTurns } from './loop-turns.ts'

/** Milliseconds between two looks; also the resting value of the delay, which is subtracted. */
const resolutionMs = 20

export class RuntimeSampler {
  readonly #delay = monitorEventLoopDelay({ resolution: resolutionMs })
  readonly #gc = new PerformanceObserver(list => {
    for (const entry of list.getEntries()) this.#collected(entry.duration, isFullCollection(entry))
  })
  readonly #turns = new LoopTurns()
  #gcPauseMs = 0
  #gcMaxPauseMs = 0
  #heapAfterCollectionBytes: number | undefined
  #utilisation = performance.eventLoopUtilization()
  #cpu = process.cpuUsage()
  #sampledAt = now()

  start(): void {
    this.#delay.enable()
    this.#turns.start()
    this.#gc.observe({ entryTypes: ['gc'] })
  }

  stop(): void {
    this.#delay.disable()
    this.#turns.stop()
    this.#gc.disconnect()
  }

  take(): ProbeRuntime {
    const sampledAt = now()
    const utilisation = performance.eventLoopUtilization()
    const cpu = process.cpuUsage()
    const { heapUsed, heapTotal, rss } = process.memoryUsage()
    const sample: ProbeRuntime = {
      kind: 'runtime',
      atMs: wallClock(),
      windowMs: sampledAt - this.#sampledAt,
      eventLoopDelayP50Ms: delayMs(this.#delay.percentile(50)),
      eventLoopDelayP99Ms: delayMs(this.#delay.percentile(99)),
      eventLoopDelayMaxMs: delayMs(this.#delay.max),
      ...this.#turns.take(),
      eventLoopUtilisationFraction: performance.eventLoopUtilization(utilisation, this.#utilisation).utilization,
      cpuUserMs: (cpu.user - this.#cpu.user) / 1_000,
      cpuSystemMs: (cpu.system - this.#cpu.system) / 1_000,
      gcPauseMs: this.#gcPauseMs,
      gcMaxPauseMs: this.#gcMaxPauseMs,
      heapUsedBytes: heapUsed,
      heapTotalBytes: heapTotal,
      ...(this.#heapAfterCollectionBytes === undefined
        ? {}
        : { heapAfterCollectionBytes: this.#heapAfterCollectionBytes }),
      residentBytes: rss,
      requests: takeFinishedRequests(),
    }
    this.#delay.reset()
    this.#utilisation = utilisation
    this.#cpu = cpu
    this.#sampledAt = sampledAt
    this.#gcPauseMs = this.#gcMaxPauseMs = 0
    this.#heapAfterCollectionBytes = undefined
    return sample
  }

  #collected(durationMs: number, isFull: boolean): void {
    if (isFull) this.#heapAfterCollectionBytes = v8.getHeapStatistics().used_heap_size
    this.#gcPauseMs += durationMs
    if (durationMs > this.#gcMaxPauseMs) this.#gcMaxPauseMs = durationMs
  }
}

function delayMs(nanoseconds: number): number {
  const ms = nanoseconds / 1e6 - resolutionMs
  return Number.isFinite(ms) && ms > 0 && ms < 1e9 ? ms : 0
}
