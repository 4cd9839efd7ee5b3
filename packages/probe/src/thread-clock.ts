/** The main thread's CPU: how long it ran, and how long it was ready and the machine had other things to do. */
import { openSync, readSync } from 'node:fs'

export interface ThreadTimes {
  readonly ranMs: number
  /** Ready to run, without a CPU; undefined where the system does not count it. */
  readonly waitedMs: number | undefined
}

/** Linux counts both for the first thread of a process, in nanoseconds (proc_pid_schedstat); a look takes 2 µs, so it may be frequent. */
export function openThreadClock(): () => ThreadTimes {
  const text = Buffer.alloc(128)
  const file = open('/proc/self/schedstat')
  return () => {
    const [ran, waited] =
      file === undefined ? [] : text.toString('latin1', 0, readSync(file, text, 0, text.length, 0)).split(' ')
    // A kernel without these counters shows zeros.
    if (Number(ran) > 0) return { ranMs: Number(ran) / 1e6, waitedMs: Number(waited) / 1e6 }
    const { user, system } = process.cpuUsage()
    return { ranMs: (user + system) / 1_000, waitedMs: undefined }
  }
}

function open(path: string): number | undefined {
  try {
    return openSync(path, 'r')
  } catch {
    return undefined
  }
}
