/** Tells whether the process that owns a scratch folder is still alive, so that what a killed run left behind can be swept. */
import { readFileSync, readlinkSync } from 'node:fs'
import { hostname } from 'node:os'
import { createHash } from 'node:crypto'

/** A process, told apart from a later one with the same number. */
export interface Lifetime {
  /** Host and process-id namespace: a container that shares our cache must not be judged by our process table. */
  readonly host: string
  /** The boot, because process numbers start again. */
  readonly boot: string
  readonly pid: number
  /** Clock ticks after boot at which the process started; 0 where /proc is missing. */
  readonly startTicks: number
}

export function thisLifetime(): Lifetime {
  return { ...thisMachine(), pid: process.pid, startTicks: startTicks(process.pid) ?? 0 }
}

/** Unknown (another host or container) counts as alive: better a leftover than a lost database. */
export function isAlive(lifetime: Lifetime): boolean {
  const here = thisMachine()
  if (lifetime.host !== here.host) return true
  if (lifetime.boot !== here.boot) return false
  const ticks = startTicks(lifetime.pid)
  if (ticks !== undefined) return ticks === lifetime.startTicks
  return process.platform !== 'linux' && respondsToSignalZero(lifetime.pid)
}

let machine: { readonly host: string; readonly boot: string } | undefined

function thisMachine(): { readonly host: string; readonly boot: string } {
  machine ??= {
    host: shortHash(hostname() + attempt(() => readlinkSync('/proc/self/ns/pid'))),
    boot: shortHash(attempt(() => readFileSync('/proc/sys/kernel/random/boot_id', 'utf8'))),
  }
  return machine
}

/** Field 22 of /proc/<pid>/stat; the name in field 2 may hold spaces and brackets, so count from the last bracket. */
function startTicks(pid: number): number | undefined {
  const stat = attempt(() => readFileSync(`/proc/${pid}/stat`, 'utf8'))
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  // A zombie holds nothing any more.
  return stat === '' || fields[0] === 'Z' ? undefined : Number(fields[19])
}

function respondsToSignalZero(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function attempt(read: () => string): string {
  try {
    return read()
  } catch {
    return ''
  }
}

function shortHash(text: string): string {
  return createHash('sha256').update(text).digest('hex').slice(0, 8)
}
