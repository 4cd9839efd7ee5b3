/** Servers for tests of the wire: raw sockets that say exactly what a test wants said, closed with everything on them. */
import { createServer as createTcpServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { createServer as createTlsServer } from 'node:tls'
import type { TLSSocket, TlsOptions } from 'node:tls'
import { localhostCertificate, localhostKey } from './localhost-certificate.ts'

const closers: (() => Promise<void>)[] = []

/** Give it to `afterEach`. */
export async function closeServers(): Promise<void> {
  await Promise.all(closers.splice(0).map(close => close()))
}

/** Resolves with the port on 127.0.0.1. */
export function tcpServer(onSocket: (socket: Socket) => void, options: { allowHalfOpen?: boolean } = {}, port = 0) {
  return listen(createTcpServer(options, quiet(onSocket)), port)
}

/** With the certificate of localhost unless `options` has another. */
export function tlsServer(onSocket: (socket: TLSSocket) => void, options: TlsOptions = {}, where: number | string = 0) {
  const server = createTlsServer({ cert: localhostCertificate, key: localhostKey, ...options }, quiet(onSocket))
  server.on('tlsClientError', () => undefined)
  return listen(server, where)
}

/** A server of any kind, on a port of 127.0.0.1 (0: any free one) or on the path of a unix socket. */
export async function listen(server: Server, where: number | string): Promise<number> {
  const sockets = new Set<Socket>()
  server.on('connection', socket => {
    sockets.add(socket)
    socket.on('error', () => undefined)
    socket.on('close', () => sockets.delete(socket))
  })
  closers.push(async () => {
    for (const socket of sockets) socket.destroy()
    await new Promise(done => server.close(done))
  })
  await new Promise<void>((done, failed) => {
    server.once('error', failed)
    if (typeof where === 'number') server.listen(where, '127.0.0.1', done)
    else server.listen(where, done)
  })
  const address = server.address() as AddressInfo | string
  return typeof address === 'string' ? 0 : address.port
}

function quiet<S extends Socket>(onSocket: (socket: S) => void): (socket: S) => void {
  return socket => {
    socket.on('error', () => undefined)
    onSocket(socket)
  }
}
