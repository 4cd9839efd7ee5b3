/** CPU time of a service, all its processes and threads: what a request costs, hardly disturbed by whoever else uses the machine. */
import { readdir, readFile } from 'node:fs/promises'
import { processTree } from '../measure/process-tree.ts'

/**
 * Milliseconds on a CPU so far, to the nanosecond of the scheduler rather than the 10 ms ticks of the clock, which would be
 * too coarse for a block. Undefined without /proc (or without scheduler statistics), or when the process is gone.
 */
export async function cpuTimeMs(pid: number): Promise<number | undefined> {
  let totalMs: number | undefined
  for (const process of processTree(pid)) {
    for (const thread of await readdir(`/proc/${process}/task`).catch(() => [])) {
      const text = await readFile(`/proc/${process}/task/${thread}/schedstat`, 'latin1').catch(() => '')
      const runNanoseconds = Number(text.split(' ')[0])
      if (runNanoseconds > 0) totalMs = (totalMs ?? 0) + runNanoseconds / 1e6
    }
  }
  return totalMs
}
