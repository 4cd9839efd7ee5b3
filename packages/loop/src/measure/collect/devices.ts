/** Disks, swap and network by the USE method, from Linux's counters: two looks make the figures between them. */
import type { HostSample } from '@whetstone/model'

interface DiskCounters {
  readonly operations: number
  /** Time that requests took, added up. */
  readonly waitedMs: number
  /** Time with at least one request under way. */
  readonly busyMs: number
}

export interface DeviceLook {
  readonly disks: ReadonlyMap<string, DiskCounters>
  readonly tcp: { readonly sent: number; readonly again: number } | undefined
  readonly dropped: number | undefined
  readonly swappedInPages: number | undefined
  readonly runnable: number | undefined
}

type DeviceFigures = Pick<
  HostSample,
  'runnable' | 'diskBusyFraction' | 'diskAwaitMs' | 'swapInBytesPerSecond' | 'retransmitFraction' | 'droppedPackets'
>

/** @param read the text of a file below /proc, empty where there is none */
export function lookAtDevices(read: (name: string) => string): DeviceLook {
  return {
    disks: parseDisks(read('diskstats')),
    tcp: parseTcp(read('net/snmp')),
    dropped: parseDropped(read('net/dev')),
    swappedInPages: numberAfter(read('vmstat'), /^pswpin (\d+)/m),
    runnable: numberAfter(read('stat'), /^procs_running (\d+)/m),
  }
}

/** Absent is what the kernel does not tell, or what did not happen: a disk without a request has no mean time of one. */
export function deviceFigures(
  before: DeviceLook,
  now: DeviceLook,
  elapsedMs: number,
): { [K in keyof DeviceFigures]: number | undefined } {
  const busiest = [...now.disks]
    .map(([name, counters]) => diskBetween(before.disks.get(name), counters, elapsedMs))
    .toSorted((a, b) => b.busyFraction - a.busyFraction)[0]
  const sent = now.tcp && before.tcp ? now.tcp.sent - before.tcp.sent : 0
  return {
    runnable: now.runnable,
    diskBusyFraction: busiest?.busyFraction,
    diskAwaitMs: busiest?.awaitMs,
    swapInBytesPerSecond: per(
      before.swappedInPages,
      now.swappedInPages,
      pages => (pages * pageBytes) / (elapsedMs / 1_000),
    ),
    retransmitFraction:
      now.tcp && before.tcp && sent > 0 ? Math.max(0, now.tcp.again - before.tcp.again) / sent : undefined,
    droppedPackets: per(before.dropped, now.dropped, packets => packets),
  }
}

const pageBytes = 4_096

function per(
  before: number | undefined,
  now: number | undefined,
  figure: (difference: number) => number,
): number | undefined {
  return before === undefined || now === undefined ? undefined : figure(Math.max(0, now - before))
}

function diskBetween(before: DiskCounters | undefined, now: DiskCounters, elapsedMs: number) {
  const from = before ?? now
  const operations = now.operations - from.operations
  return {
    busyFraction: Math.min(1, Math.max(0, now.busyMs - from.busyMs) / elapsedMs),
    awaitMs: operations > 0 ? Math.max(0, now.waitedMs - from.waitedMs) / operations : undefined,
  }
}

/** Whole disks: a partition is counted with its disk, and loops, RAM disks and mappings sit on top of others. */
function parseDisks(text: string): Map<string, DiskCounters> {
  const disks = new Map<string, DiskCounters>()
  for (const line of text.split('\n')) {
    const [, , name = '', ...fields] = line.trim().split(/\s+/)
    if (!/^(?:(?:s|v|xv|h)d[a-z]+|nvme\d+n\d+|mmcblk\d+)$/.test(name)) continue
    const [reads = 0, , , readMs = 0, writes = 0, , , writeMs = 0, , busyMs = 0] = fields.map(Number)
    disks.set(name, { operations: reads + writes, waitedMs: readMs + writeMs, busyMs })
  }
  return disks
}

/** The columns are named in the first of the two lines. */
function parseTcp(text: string): DeviceLook['tcp'] {
  const [names, values] = text
    .split('\n')
    .filter(line => line.startsWith('Tcp:'))
    .map(line => line.split(' '))
  const column = (name: string) => Number(values?.[names?.indexOf(name) ?? -1])
  const [sent, again] = [column('OutSegs'), column('RetransSegs')]
  return Number.isFinite(sent) && Number.isFinite(again) ? { sent, again } : undefined
}

function parseDropped(text: string): number | undefined {
  const rows = text.split('\n').flatMap(line => {
    const [, counters] = /^\s*[^:\s]+:(.*)$/.exec(line) ?? []
    return counters === undefined ? [] : [counters.trim().split(/\s+/).map(Number)]
  })
  return rows.length === 0 ? undefined : rows.reduce((sum, row) => sum + (row[3] ?? 0) + (row[11] ?? 0), 0)
}

function numberAfter(text: string, pattern: RegExp): number | undefined {
  const found = pattern.exec(text)?.[1]
  return found === undefined ? undefined : Number(found)
}
