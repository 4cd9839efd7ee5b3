/** Which of the sockets of a program is the service, and under which address it is reached. */
import { connect } from 'node:net'
import { setTimeout as delay } from 'node:timers/promises'
import type { ListeningSocket } from './collect/proc-files.ts'

/** Where a server listens; what the probe reports has no inode. */
export type ServerAddress = Pick<ListeningSocket, 'address' | 'port'>

/** What the same service listened on before, when its port was known: its metrics or debug ports must not be taken for it later. */
export interface PortLayout {
  readonly port: number
  /** All of them, `port` as well. */
  readonly ports: readonly number[]
}

/**
 * The sockets that may be the service, likeliest first. Empty while more sockets are to be expected.
 * @param waited the program had time enough to open all of them
 */
export function candidates<Socket extends ServerAddress>(
  sockets: readonly Socket[],
  layout: PortLayout | undefined,
  waited: boolean,
): readonly Socket[] {
  if (!layout) return sockets.slice(0, 1)
  const ports = new Set(sockets.map(({ port }) => port))
  if (ports.size < new Set(layout.ports).size && !waited) return []
  const same = sockets.filter(({ port }) => port === layout.port)
  if (same.length > 0) return same.slice(0, 1)
  const others = sockets.filter(({ port }) => !layout.ports.includes(port))
  return others.length > 0 || !waited ? others : sockets
}

/** The URL that reaches the server from this machine. */
export async function urlOf({ address, port }: ServerAddress): Promise<string> {
  const hosts = hostsOf(address)
  for (const host of hosts) if (hosts.length === 1 || (await accepts(host, port))) return originOf(host, port)
  return originOf(hosts[0] as string, port)
}

/** `::` takes IPv4 as well, unless the server or the machine says otherwise. */
function hostsOf(address: string): readonly string[] {
  if (address === '::') return ['127.0.0.1', '::1']
  return [address === '0.0.0.0' || address === '' ? '127.0.0.1' : address]
}

function originOf(host: string, port: number): string {
  return `http://${host.includes(':') ? `[${host}]` : host}:${port}`
}

const connectPatienceMs = 500

async function accepts(host: string, port: number): Promise<boolean> {
  const socket = connect({ host, port })
  const connected = new Promise<boolean>(resolve => {
    socket.once('connect', () => resolve(true))
    socket.once('error', () => resolve(false))
  })
  const tooLate = new AbortController()
  try {
    return await Promise.race([connected, delay(connectPatienceMs, false, { signal: tooLate.signal })])
  } finally {
    tooLate.abort()
    socket.destroy()
  }
}
