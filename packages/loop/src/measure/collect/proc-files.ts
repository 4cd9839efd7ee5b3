/** Reads Linux's /proc texts into numbers: pure, so that every odd line can be a test. */

/** Cumulative CPU time in clock ticks over all cores. */
export interface CpuTicks {
  readonly total: number
  readonly idle: number
  readonly ioWait: number
  readonly steal: number
}

/** First line of /proc/stat. Guest time is already inside user and nice, so it is not added again. */
export function parseCpuTicks(stat: string): CpuTicks | undefined {
  const line = /^cpu +(.*)$/m.exec(stat)?.[1]
  if (line === undefined) return undefined
  const [user = 0, nice = 0, system = 0, idle = 0, ioWait = 0, irq = 0, softIrq = 0, steal = 0] = line
    .split(' ')
    .map(Number)
  return { total: user + nice + system + idle + ioWait + irq + softIrq + steal, idle, ioWait, steal }
}

export function parseMemoryAvailableBytes(meminfo: string): number | undefined {
  const kib = /^MemAvailable: +(\d+) kB/m.exec(meminfo)?.[1]
  return kib === undefined ? undefined : Number(kib) * 1024
}

/** Total stall time in microseconds of the `some` line of /proc/pressure/*. */
export function parsePressureMicroseconds(pressure: string): number | undefined {
  const total = /^some .*total=(\d+)/m.exec(pressure)?.[1]
  return total === undefined ? undefined : Number(total)
}

export interface ProcessTicks {
  readonly pid: number
  readonly parentPid: number
  readonly cpuTicks: number
}

/** /proc/<pid>/stat. The command may hold spaces and parentheses, so fields are counted after the last `)`. */
export function parseProcessStat(stat: string): ProcessTicks | undefined {
  const end = stat.lastIndexOf(')')
  const pid = Number.parseInt(stat, 10)
  const fields = stat.slice(end + 2).split(' ')
  if (end < 0 || Number.isNaN(pid) || fields.length < 13) return undefined
  return { pid, parentPid: Number(fields[1]), cpuTicks: Number(fields[11]) + Number(fields[12]) }
}

/** The processes named and everything below them, parents first. */
export function familyOf(roots: readonly number[], processes: readonly ProcessTicks[]): ProcessTicks[] {
  const children = new Map<number, ProcessTicks[]>()
  for (const process of processes) {
    const siblings = children.get(process.parentPid)
    if (siblings) siblings.push(process)
    else children.set(process.parentPid, [process])
  }
  const tree = new Map<number, ProcessTicks>()
  const wanted = new Set(roots)
  const queue = processes.filter(process => wanted.has(process.pid))
  for (let process = queue.shift(); process; process = queue.shift()) {
    if (tree.has(process.pid)) continue
    tree.set(process.pid, process)
    queue.push(...(children.get(process.pid) ?? []))
  }
  return [...tree.values()]
}

/** Ticks spent between two looks. A process seen for the first time counts from now on, so attaching makes no spike. */
export function ticksBetween(before: ReadonlyMap<number, number>, now: readonly ProcessTicks[]): number {
  let ticks = 0
  for (const { pid, cpuTicks } of now) ticks += Math.max(0, cpuTicks - (before.get(pid) ?? cpuTicks))
  return ticks
}

export interface ListeningSocket {
  /** As the server bound it: `127.0.0.1`, `::1`; `0.0.0.0` and `::` stand for every address. */
  readonly address: string
  readonly port: number
  readonly inode: string
}

const listening = '0A'

/** /proc/net/tcp and tcp6. */
export function parseListeningSockets(table: string): ListeningSocket[] {
  return table.split('\n').flatMap(line => {
    const [, local = '', , state, , , , , , inode = ''] = line.trim().split(/\s+/)
    const [address = '', port = ''] = local.split(':')
    return state === listening ? [{ address: addressOf(address), port: Number.parseInt(port, 16), inode }] : []
  })
}

/** The kernel writes an address as 32-bit words, each in the byte order of a little-endian machine. */
function addressOf(hex: string): string {
  const bytes = (hex.match(/.{8}/g) ?? []).flatMap(word => (word.match(/../g) ?? []).toReversed())
  const dotted = (part: readonly string[]) => part.map(byte => Number.parseInt(byte, 16)).join('.')
  if (bytes.length === 4) return dotted(bytes)
  const text = bytes.join('')
  if (text.startsWith(ipv4InIpv6)) return dotted(bytes.slice(12))
  // The URL parser knows how to shorten one.
  return new URL(`http://[${text.match(/.{4}/g)?.join(':')}]`).hostname.slice(1, -1)
}

const ipv4InIpv6 = `${'0'.repeat(20)}FFFF`
