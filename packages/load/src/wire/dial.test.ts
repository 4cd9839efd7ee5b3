/** Sockets to real servers: plain, encrypted, on a path, and every way of not getting one. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import type { Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createServer as createTlsServer } from 'node:tls'
import { afterEach, describe, expect, it } from 'vitest'
import type { LoadTarget, TlsSettings } from '../plan.ts'
import { dial, handshakesOf, handshakeWarnings, isEncrypted, readyEvent } from './dial.ts'
import { socketErrorOf } from './socket-error.ts'
import { localhostCertificate, localhostKey } from './testing/localhost-certificate.ts'
import { closeServers, listen, tcpServer, tlsServer } from './testing/servers.ts'

afterEach(closeServers)

const echo = (socket: Socket): void => void socket.on('data', bytes => socket.write(bytes))
const https = (port: number, tls: TlsSettings = { ca: localhostCertificate }, host = '127.0.0.1'): LoadTarget => ({
  host,
  port,
  protocol: 'https',
  tls,
})

/** Says `hello` and resolves with what came back, read through one shared buffer; or with the kind of error. */
async function hello(target: LoadTarget, look: (socket: Socket) => void = () => undefined): Promise<string> {
  const buffer = Buffer.alloc(1024)
  return await new Promise<string>(resolve => {
    let ready = false
    const socket = dial(target, {
      buffer,
      callback: (count, given) => {
        expect(given).toBe(buffer)
        look(socket)
        socket.destroy()
        resolve(buffer.toString('latin1', 0, count))
        return true
      },
    })
    socket.on('data', () => resolve('a data event, so onread was ignored'))
    socket.once(readyEvent(target), () => {
      ready = true
      socket.write('hello', 'latin1')
    })
    socket.once('error', error => resolve(socketErrorOf(error, { ready, encrypted: isEncrypted(target) }).kind))
  })
}

describe('dial', () => {
  it('reads TCP into the buffer of the caller', async () => {
    expect(await hello({ host: '127.0.0.1', port: await tcpServer(echo) })).toBe('hello')
  })

  it('reads TLS into the buffer of the caller too, asking for HTTP/1.1', async () => {
    const port = await tlsServer(echo, { ALPNProtocols: ['h2', 'http/1.1'] })
    let protocol: unknown
    expect(await hello(https(port), socket => (protocol = (socket as { alpnProtocol?: unknown }).alpnProtocol))).toBe(
      'hello',
    )
    expect(protocol).toBe('http/1.1')
  })

  it('reaches a host by its name, whichever of its addresses answers', async () => {
    expect(await hello({ host: 'localhost', port: await tcpServer(echo) })).toBe('hello')
    expect(await hello(https(await tlsServer(echo), { ca: localhostCertificate }, 'localhost'))).toBe('hello')
  })

  it.each([undefined, 'https' as const])('connects to the path of a unix socket (%s)', async protocol => {
    const folder = await mkdtemp(join(tmpdir(), 'whetstone-dial-'))
    try {
      const socketPath = join(folder, 'app.sock')
      if (protocol === undefined) await listen(createServer(echo), socketPath)
      else await tlsServer(echo, {}, socketPath)
      const target: LoadTarget = { host: 'localhost', port: 80, socketPath, tls: { ca: localhostCertificate } }
      expect(await hello(protocol === undefined ? target : { ...target, protocol })).toBe('hello')
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('offers the last session of its target, and counts full and resumed handshakes', async () => {
    const target = https(await tlsServer(echo))
    for (let connection = 0; connection < 4; connection++) expect(await hello(target)).toBe('hello')
    expect(handshakesOf(target)).toEqual({ full: 1, resumed: 3, refused: 0 })
    expect(handshakesOf({ ...target })).toEqual({ full: 0, resumed: 0, refused: 0 })
  })

  it('resumes TLS 1.2 too', async () => {
    const target = https(await tlsServer(echo, { maxVersion: 'TLSv1.2' }))
    for (let connection = 0; connection < 3; connection++) expect(await hello(target)).toBe('hello')
    expect(handshakesOf(target)).toEqual({ full: 1, resumed: 2, refused: 0 })
  })

  it('shakes hands in full with a server that forgot the session', async () => {
    const first = await tlsServer(echo)
    const target = https(first)
    expect(await hello(target)).toBe('hello')
    await closeServers()
    await tlsServer(echo, {}, first)
    expect(await hello(target)).toBe('hello')
    expect(handshakesOf(target)).toEqual({ full: 2, resumed: 0, refused: 1 })
  })

  it('warns of a server that never takes up a session, not of one that does', async () => {
    // As behind a balancer whose servers do not share the keys of their tickets.
    const port = await tcpServer(socket => {
      const secrets = { cert: localhostCertificate, key: localhostKey, ticketKeys: randomBytes(48) }
      const server = createTlsServer(secrets, echo)
      server.on('tlsClientError', () => undefined)
      server.emit('connection', socket)
    })
    const forgetful = https(port)
    for (let connection = 0; connection < 21; connection++) expect(await hello(forgetful)).toBe('hello')
    expect(handshakesOf(forgetful)).toEqual({ full: 21, resumed: 0, refused: 20 })
    expect(handshakeWarnings(forgetful)).toEqual([
      'the server took up 0 of 20 TLS sessions it was offered: nearly every new connection paid for a full handshake',
    ])
    const good = https(await tlsServer(echo))
    for (let connection = 0; connection < 21; connection++) expect(await hello(good)).toBe('hello')
    expect(handshakeWarnings(good)).toEqual([])
  })

  it('shows its certificate to a server that asks for one', async () => {
    const asking = { requestCert: true, rejectUnauthorized: true, ca: localhostCertificate }
    const port = await tlsServer(echo, asking)
    const tls = { ca: localhostCertificate, cert: localhostCertificate, key: localhostKey }
    expect(await hello(https(port, tls))).toBe('hello')
    expect(await hello(https(port))).toBe('tls-failed')
  })

  it('trusts nobody it was not told to, unless told to trust all', async () => {
    const port = await tlsServer(echo)
    expect(await hello(https(port, {}))).toBe('tls-untrusted')
    expect(await hello(https(port, { insecure: true }))).toBe('hello')
  })

  it('refuses a certificate made for another host', async () => {
    const port = await tlsServer(echo)
    expect(await hello(https(port, { ca: localhostCertificate, servername: 'shop.test' }))).toBe('tls-wrong-host')
  })

  it.each<[string, (socket: Socket) => void]>([
    ['answers in plain text', socket => void socket.end('HTTP/1.1 400 Bad Request\r\n\r\n')],
    ['answers garbage', socket => void socket.end(Buffer.alloc(300, 0x7f))],
    ['hangs up', socket => void socket.end()],
    ['resets', socket => void socket.once('data', () => socket.resetAndDestroy())],
  ])('calls it a failed handshake when the server %s', async (_name, server) => {
    expect(await hello(https(await tcpServer(server)))).toBe('tls-failed')
  })

  it('calls it a failed handshake when the server speaks HTTP/2 only', async () => {
    expect(await hello(https(await tlsServer(echo, { ALPNProtocols: ['h2'] })))).toBe('tls-failed')
  })

  it('tells a refused connection, a missing socket file and an unknown host apart', async () => {
    const port = await tcpServer(echo)
    await closeServers()
    expect(await hello({ host: '127.0.0.1', port })).toBe('connect-refused')
    expect(await hello(https(port))).toBe('connect-refused')
    expect(await hello({ host: 'localhost', port })).toBe('connect-refused')
    expect(await hello({ host: 'localhost', port: 80, socketPath: '/nowhere/app.sock' })).toBe('connect-refused')
    // Longer than a label may be: the resolver gives up without asking anybody.
    expect(await hello({ host: `${'x'.repeat(64)}.test`, port })).toBe('dns-failed')
  })

  it('refuses a key it cannot read before anything is sent', () => {
    expect(() => dial(https(443, { key: 'no key' }))).toThrow(expect.objectContaining({ code: 'WHET_LOAD_TLS' }))
  })
})
