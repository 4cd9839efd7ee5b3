/** The same load over every way to reach a service: the engine knows none of them, and the figures are of one kind. */
import { randomBytes } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer as createHttpServer } from 'node:http'
import type { IncomingMessage, ServerResponse } from 'node:http'
import { createSecureServer, createServer as createHttp2Server } from 'node:http2'
import type { Http2ServerRequest, Http2ServerResponse } from 'node:http2'
import { createServer as createHttpsServer } from 'node:https'
import type { Server } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import type { ConnectionPolicy, LoadTarget } from '../plan.ts'
import { runInProcess } from '../run-in-process.ts'
import { handshakesOf } from './dial.ts'
import { localhostCertificate, localhostKey } from './testing/localhost-certificate.ts'
import { closeServers, listen, tcpServer } from './testing/servers.ts'

afterEach(closeServers)

const own = { cert: localhostCertificate, key: localhostKey }

/** Echoes the body of a POST; anything else it answers with the path. */
const answer = (
  request: IncomingMessage | Http2ServerRequest,
  response: ServerResponse | Http2ServerResponse,
): void => {
  let body = ''
  request.on('data', (bytes: Buffer) => (body += bytes.toString('latin1')))
  request.on('end', () => void (response as ServerResponse).end(body || request.url))
}

async function load(target: LoadTarget, connections?: ConnectionPolicy) {
  const {
    measure,
    stopped,
    warnings = [],
  } = await runInProcess({
    target,
    routes: [
      {
        route: 'GET /items/:id',
        weight: 1,
        requests: [{ method: 'GET', path: '/items/17', headers: { accept: '*/*' } }],
      },
      {
        route: 'POST /items',
        weight: 1,
        requests: [{ method: 'POST', path: '/items', headers: {}, body: 'x'.repeat(500) }],
      },
    ],
    ratePerSecond: 100,
    durationMs: 400,
    warmUpMs: 0,
    arrivals: 'uniform',
    seed: 1,
    maxConnections: 8,
    timeoutMs: 20_000,
    pacing: 'timer',
    ...(connections && { connections }),
  })
  expect(stopped).toBe('finished')
  expect(measure).toMatchObject({ sent: 40, completed: 40, errors: 0, errorsByKind: {} })
  const [get, post] = measure.routes
  expect([get!.maxBodyBytes, post!.maxBodyBytes]).toEqual([9, 500])
  expect(get!.requests + post!.requests).toBe(40)
  return warnings
}

const servers: Record<string, () => Server> = {
  http: () => createHttpServer(answer),
  https: () => createHttpsServer(own, answer),
  h2c: () => createHttp2Server(answer),
  h2: () => createSecureServer(own, answer),
}

describe.each(['http', 'https', 'h2c', 'h2'] as const)('over %s', protocol => {
  const tls = { ca: localhostCertificate }

  it('answers every request', async () => {
    await load({ host: '127.0.0.1', port: await listen(servers[protocol]!(), 0), protocol, tls })
  })

  it('answers every request on a unix socket', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'whetstone-wire-'))
    try {
      const socketPath = join(folder, 'app.sock')
      await listen(servers[protocol]!(), socketPath)
      await load({ host: 'localhost', port: 80, socketPath, protocol, tls })
    } finally {
      await rm(folder, { recursive: true })
    }
  })

  it('opens a connection for every second request, resuming the TLS session', async () => {
    let connections = 0
    const server = servers[protocol]!().on('connection', () => connections++)
    const target: LoadTarget = { host: 'localhost', port: await listen(server, 0), protocol, tls }
    await load(target, { requestsPerConnection: 2 })
    expect(connections).toBeGreaterThanOrEqual(20)
    const { full, resumed } = handshakesOf(target)
    const encrypted = protocol === 'https' || protocol === 'h2'
    // The run may end while one more is being opened.
    expect(full + resumed).toBeLessThanOrEqual(connections)
    expect(full + resumed).toBeGreaterThanOrEqual(encrypted ? 20 : 0)
    // Those opened while the first shook hands, at most as many as there may be at once, had no session to offer.
    if (encrypted) expect(resumed).toBeGreaterThan(0)
  })
})

it('says so when a server takes up no TLS session', async () => {
  // As behind a balancer whose servers do not share the keys of their tickets.
  const port = await tcpServer(socket => {
    const server = createHttpsServer({ ...own, ticketKeys: randomBytes(48) }, answer)
    server.on('tlsClientError', () => undefined)
    server.emit('connection', socket)
  })
  const target: LoadTarget = { host: '127.0.0.1', port, protocol: 'https', tls: { ca: localhostCertificate } }
  expect(await load(target, { requestsPerConnection: 1 })).toEqual([
    expect.stringMatching(/^the server took up 0 of \d+ TLS sessions it was offered: /),
  ])
})
