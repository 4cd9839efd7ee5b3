/** A wire to a server that a test can cut and mend: connections end at once and none is taken while it is cut. */
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'

export interface Wire {
  readonly port: number
  cut(): Promise<void>
  /** @param port of another server from now on, as after a restart that lost everything */
  mend(port?: number): Promise<void>
  close(): Promise<void>
}

export async function openWire(serverPort: number): Promise<Wire> {
  let target = serverPort
  let isCut = false
  const sockets = new Set<Socket>()
  // As the clients' own connections: else a second small write waits for the other side's delayed acknowledgement, 40 ms of it.
  const server = createServer({ noDelay: true }, near => {
    if (isCut) return near.destroy()
    const far = connect({ port: target, host: '127.0.0.1', noDelay: true })
    near.pipe(far).pipe(near)
    for (const [one, other] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(one)
      one.on('error', () => other.destroy())
      one.on('close', () => {
        sockets.delete(one)
        other.destroy()
      })
    }
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const wire: Wire = {
    port: (server.address() as AddressInfo).port,
    async cut() {
      isCut = true
      for (const socket of [...sockets]) {
        socket.destroy()
        if (!socket.closed) await once(socket, 'close')
      }
    },
    async mend(port = target) {
      target = port
      isCut = false
    },
    async close() {
      await wire.cut()
      await new Promise(resolve => server.close(resolve))
    },
  }
  return wire
}
