/** One side of a trial: how to get a fresh service of it, and how to be rid of that again. */
import type { BlockMetric, Workload } from '@whetstone/model'
import { knowsPath, waitUntilAnswering } from '../measure/collect/readiness.ts'
import { startTarget, type TargetOptions } from '../measure/target.ts'
import { countQueries } from './count-queries.ts'

export interface Arm {
  readonly name: string
  /** Starts a fresh service that is ready for requests. Called once for every block. */
  start(signal?: AbortSignal): Promise<RunningArm>
  /** What it asks of its database, counted apart from the blocks. Counts gate without statistics. */
  countQueries?(workload: Workload, signal?: AbortSignal): Promise<readonly BlockMetric[]>
}

export interface RunningArm {
  readonly baseUrl: string
  readonly pid?: number
  /** Resolves when nothing of it is left running. */
  stop(): Promise<void>
}

export interface CommandArmOptions extends Omit<TargetOptions, 'signal' | 'isService' | 'reportedServers'> {
  /** GET on this path until something answers; default `/`. A path of the workload also tells the service from its other ports. */
  readonly readyPath?: string
  /** Starts it once more, under the probe, to count queries; only of use for Node services with a database. */
  readonly countsQueries?: boolean
}

/** An arm that a command starts, as in `whetstone trial --a 'node old.js' --b 'node new.js'`. */
export function commandArm(name: string, { countsQueries = false, ...options }: CommandArmOptions): Arm {
  return {
    name,
    start: signal => startCommand(options, signal),
    ...(countsQueries
      ? {
          countQueries: (workload: Workload, signal?: AbortSignal) =>
            countQueries(
              env => startCommand({ ...options, env: { ...options.env, ...env } }, signal),
              workload,
              signal,
            ),
        }
      : {}),
  }
}

async function startCommand(
  { readyPath = '/', ...options }: Omit<CommandArmOptions, 'countsQueries'>,
  signal = new AbortController().signal,
): Promise<RunningArm> {
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
}
