/** The processes below a command and the TCP ports they listen on, read from /proc: a log line can lie about the port, a socket cannot. */
import { readdir, readFile, readlink } from 'node:fs/promises'

/** Process ids of `root` and everything below it, parents first. Empty when the process is gone or there is no /proc. */
export async function processTree(root: number): Promise<number[]> {
  const children = new Map<number, number[]>()
  for (const name of await readdir('/proc').catch(() => [])) {
    const pid = Number(name)
    if (!Number.isInteger(pid)) continue
    const parent = await parentOf(pid)
    if (parent === undefined) continue
    children.set(parent, [...(children.get(parent) ?? []), pid])
  }
  const tree: number[] = []
  const queue = [root]
  while (queue.length > 0 && tree.length < 1_000) {
    const pid = queue.shift() as number
    if (pid !== root || (await parentOf(pid)) !== undefined) tree.push(pid)
    queue.push(...(children.get(pid) ?? []))
  }
  return tree
}

async function parentOf(pid: number): Promise<number | undefined> {
  const stat = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => undefined)
  if (stat === undefined) return undefined
  // The command name may hold spaces and parentheses: fields start after the last ')'.
  return Number(stat.slice(stat.lastIndexOf(')') + 2).split(' ')[1])
}

/** Listening TCP ports of the processes, lowest first. */
export async function listeningPorts(pids: readonly number[]): Promise<number[]> {
  const inodes = new Set<string>()
  for (const pid of pids) {
    for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const link = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1]
      if (inode) inodes.add(inode)
    }
  }
  const ports = new Set<number>()
  for (const table of ['/proc/net/tcp', '/proc/net/tcp6']) {
    const text = await readFile(table, 'latin1').catch(() => '')
    for (const line of text.split('\n').slice(1)) {
      const fields = line.trim().split(/\s+/)
      const listening = fields[3] === '0A'
      if (listening && inodes.has(fields[9] ?? ''))
        ports.add(Number.parseInt((fields[1] ?? '').split(':')[1] ?? '', 16))
    }
  }
  return [...ports].toSorted((a, b) => a - b)
}

/** Who listens on the TCP port of this machine; empty where the processes are somebody else's. */
export async function processesListeningOn(port: number): Promise<number[]> {
  const found: number[] = []
  for (const name of await readdir('/proc').catch(() => [])) {
    const pid = Number(name)
    if (Number.isInteger(pid) && (await listeningPorts([pid])).includes(port)) found.push(pid)
  }
  return found
}
