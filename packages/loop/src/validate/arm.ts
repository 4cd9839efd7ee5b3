/** One side of a trial: how to get a fresh service of it, and how to be rid of that again. */
import type { BlockMetric } from '@whetstone/model'
import { knowsPath, waitUntilAnswering } from '../measure/collect/readiness.ts'
import { startTarget, type TargetOptions } from '../measure/target.ts'

export interface Arm {
  readonly name: string
  /** Starts a fresh service that is ready for requests. Called once for every block. */
  start(signal?: AbortSignal): Promise<RunningArm>
}

export interface RunningArm {
  readonly baseUrl: string
  readonly pid?: number
  /** Counts per request since the start (queries, rows), read after the block. They gate without statistics. */
  readonly readCounters?: () => Promise<readonly BlockMetric[]>
  /** Resolves when nothing of it is left running. */
  stop(): Promise<void>
}

export interface CommandArmOptions extends Omit<TargetOptions, 'signal' | 'isService' | 'reportedServers'> {
  /** GET on this path until something answers; default `/`. A path of the workload also tells the service from its other ports. */
  readonly readyPath?: string
}

/** An arm that a command starts, as in `whetstone trial --a 'node old.js' --b 'node new.js'`. */
export function commandArm(name: string, { readyPath = '/', ...options }: CommandArmOptions): Arm {
  return {
    name,
    async start(signal = new AbortController().signal) {
      const target = await startTarget({
        ...options,
        signal,
        isService: baseUrl => knowsPath(baseUrl, readyPath, signal),
      })
      try {
        await waitUntilAnswering(target.baseUrl, {
          path: readyPath,
          signal,
          ended: target.ended,
          ...(options.startTimeoutMs === undefined ? {} : { timeoutMs: options.startTimeoutMs }),
        })
      } catch (error) {
        await target.stop()
        throw error
      }
      return { baseUrl: target.baseUrl, pid: target.pid, stop: () => target.stop() }
    },
  }
}
