/** What the processes of a started service hold, read from /proc: memory and open handles, summed over the tree. */
import { readdir, readFile } from 'node:fs/promises'
import { platform } from 'node:os'
import { processTree } from '@whetstone/loop'

interface Held {
  readonly 'resident-memory': number
  readonly 'open-handles': number
}

export interface ProcessReading extends Held {
  /** Of Node only, and only where it was collected since the reading before. */
  readonly 'heap-after-collection'?: number
}

/** Undefined where processes cannot be looked into: another system, or a service that somebody else started. Rejects when all of them are gone. */
export function processReader(
  pid: number | undefined,
  readHeap: () => number | undefined = () => undefined,
): (() => Promise<ProcessReading>) | undefined {
  if (pid === undefined || platform() !== 'linux') return undefined
  return async () => {
    const readings = (await Promise.all(processTree(pid).map(readingOf))).filter(reading => reading !== undefined)
    // Nothing held by nobody is no reading: it would look like memory given back.
    if (readings.length === 0) throw new Error(`process ${pid} is gone`)
    const total = (metric: keyof Held) => readings.reduce((sum, reading) => sum + reading[metric], 0)
    const heap = readHeap()
    return {
      'resident-memory': total('resident-memory'),
      'open-handles': total('open-handles'),
      ...(heap === undefined ? {} : { 'heap-after-collection': heap }),
    }
  }
}

/** Undefined for a process that ended while it was looked at. */
async function readingOf(pid: number): Promise<Held | undefined> {
  try {
    const [status, handles] = await Promise.all([readFile(`/proc/${pid}/status`, 'utf8'), readdir(`/proc/${pid}/fd`)])
    const residentKb = Number(/^VmRSS:\s+(\d+) kB$/m.exec(status)?.[1] ?? Number.NaN)
    return Number.isNaN(residentKb)
      ? undefined
      : { 'resident-memory': residentKb * 1_024, 'open-handles': handles.length }
  } catch {
    return undefined
  }
}
