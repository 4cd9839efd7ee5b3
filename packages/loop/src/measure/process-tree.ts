/** The processes below a command and the sockets they listen on, read from /proc: a log line can lie about the port, a socket cannot. */
import { readdirSync, readFileSync } from 'node:fs'
import { readdir, readFile, readlink } from 'node:fs/promises'
import {
  familyOf,
  type ListeningSocket,
  parseListeningSockets,
  parseProcessStat,
  type ProcessTicks,
} from './collect/proc-files.ts'

/** Every process of this machine that can be seen; empty where there is no /proc. */
export function runningProcesses(): ProcessTicks[] {
  return processIds().flatMap(pid => parseProcessStat(procFile(`${pid}/stat`)) ?? [])
}

/** Empty where the file is missing: kernels without pressure, processes that just ended. @param name below /proc */
export function procFile(name: string): string {
  try {
    return readFileSync(`/proc/${name}`, 'latin1')
  } catch {
    return ''
  }
}

function processIds(): number[] {
  try {
    return readdirSync('/proc').map(Number).filter(Number.isInteger)
  } catch {
    return []
  }
}

/** Process ids of `root` and everything below it, parents first. Empty when the process is gone or there is no /proc. */
export function processTree(root: number): number[] {
  return familyOf([root], runningProcesses()).map(({ pid }) => pid)
}

/** What the processes listen on, lowest port first, and of one port the loopback address first. */
export async function listeningSockets(pids: readonly number[]): Promise<ListeningSocket[]> {
  const [owned, sockets] = await Promise.all([socketsOf(pids), allListeningSockets()])
  return sockets
    .filter(({ inode }) => owned.has(inode))
    .toSorted((a, b) => a.port - b.port || Number(b.address === '127.0.0.1') - Number(a.address === '127.0.0.1'))
}

/** Who listens on the TCP port of this machine; empty where the processes are somebody else's. */
export async function processesListeningOn(port: number): Promise<number[]> {
  const wanted = (await allListeningSockets()).filter(socket => socket.port === port)
  if (wanted.length === 0) return []
  const found: number[] = []
  for (const pid of processIds()) {
    const owned = await socketsOf([pid])
    if (wanted.some(({ inode }) => owned.has(inode))) found.push(pid)
  }
  return found
}

async function allListeningSockets(): Promise<ListeningSocket[]> {
  const tables = ['/proc/net/tcp', '/proc/net/tcp6'].map(table => readFile(table, 'latin1').catch(() => ''))
  return (await Promise.all(tables)).flatMap(parseListeningSockets)
}

/** Inodes of the sockets that the processes hold open. */
async function socketsOf(pids: readonly number[]): Promise<ReadonlySet<string>> {
  const inodes = new Set<string>()
  for (const pid of pids) {
    for (const descriptor of await readdir(`/proc/${pid}/fd`).catch(() => [])) {
      const link = await readlink(`/proc/${pid}/fd/${descriptor}`).catch(() => '')
      const inode = /^socket:\[(\d+)\]$/.exec(link)?.[1]
      if (inode) inodes.add(inode)
    }
  }
  return inodes
}
