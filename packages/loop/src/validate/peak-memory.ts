/** Most memory a service has held, all its processes together: a remedy that buys time with memory must show it. */
import { procFile, processTree } from '../measure/process-tree.ts'

/** Sum of the highest resident size of each process, so at least what they held at once. Undefined without /proc, or when all are gone. */
export function peakMemoryBytes(pid: number): number | undefined {
  const peaks = processTree(pid).flatMap(process => peakOf(procFile(`${process}/status`)) ?? [])
  return peaks.length === 0 ? undefined : peaks.reduce((sum, bytes) => sum + bytes, 0)
}

/** `VmHWM` of /proc/<pid>/status, which is in KiB whatever it calls them. */
function peakOf(status: string): number | undefined {
  const kibibytes = /^VmHWM:\s+(\d+) kB/m.exec(status)?.[1]
  return kibibytes === undefined ? undefined : Number(kibibytes) * 1_024
}
