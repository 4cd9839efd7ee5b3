/** What the processes of a started service hold, read from /proc: memory and open handles, summed over the tree. */
import { readdir, readFile } from 'node:fs/promises'
import { platform } from 'node:os'

export interface ProcessReading {
  readonly 'resident-memory': number
  readonly 'open-handles': number
}

/** Undefined where processes cannot be looked into: another system, or a service that somebody else started. Rejects when all of them are gone. */
export function processReader(pid: number | undefined): (() => Promise<ProcessReading>) | undefined {
  if (pid === undefined || platform() !== 'linux') return undefined
  return async () => {
    const readings = (await Promise.all((await treeOf(pid)).map(readingOf))).filter(reading => reading !== undefined)
    // Nothing held by nobody is no reading: it would look like memory given back.
    if (readings.length === 0) throw new Error(`process ${pid} is gone`)
    const total = (metric: keyof ProcessReading) => readings.reduce((sum, reading) => sum + reading[metric], 0)
    return { 'resident-memory': total('resident-memory'), 'open-handles': total('open-handles') }
  }
}

async function treeOf(pid: number): Promise<readonly number[]> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8').catch(() => '')
  const below = await Promise.all(
    children
      .split(' ')
      .filter(Boolean)
      .map(child => treeOf(Number(child))),
  )
  return [pid, ...below.flat()]
}

/** Undefined for a process that ended while it was looked at. */
async function readingOf(pid: number): Promise<ProcessReading | undefined> {
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
