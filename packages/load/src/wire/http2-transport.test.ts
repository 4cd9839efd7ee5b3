/** HTTP/2 against real servers, polite and hostile: the same promises as the HTTP/1.1 pool makes. */
import { constants, createSecureServer, createServer } from 'node:http2'
import type { Http2Server, Http2Session, ServerHttp2Stream, ServerOptions } from 'node:http2'
import { createServer as createHttpServer } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { LoadTarget } from '../plan.ts'
import type { PoolOptions } from './pool.ts'
import { END_STREAM, code, field, frame, frameType, ok, speakHttp2 } from './testing/http2-frames.ts'
import { Asker } from './testing/exchanges.ts'
import { localhostCertificate, localhostKey } from './testing/localhost-certificate.ts'
import { closeServers, listen, tcpServer, tlsServer } from './testing/servers.ts'

const data = (stream: number, text: string, flags = 0) => frame(frameType.data, flags, stream, text)
const reset = (stream: number, why: number) => frame(frameType.reset, 0, stream, code(why))

const askers: Asker[] = []

afterEach(async () => {
  for (const asker of askers.splice(0)) asker.close()
  await closeServers()
})

type OnStream = (stream: ServerHttp2Stream, headers: Record<string, unknown>, session: number) => void

/** Resolves with the target; `onStream` is told the number of the connection, from 1. */
async function h2c(onStream: OnStream, options: ServerOptions = {}): Promise<LoadTarget> {
  const server = createServer(options)
  serve(server, onStream)
  return { host: '127.0.0.1', port: await listen(server, 0), protocol: 'h2c' }
}

function serve(server: Http2Server, onStream: OnStream): void {
  const sessions: Http2Session[] = []
  server.on('session', session => {
    sessions.push(session)
    session.on('error', () => undefined)
  })
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined)
    onStream(stream, headers as Record<string, unknown>, sessions.indexOf(stream.session!) + 1)
  })
}

function asker(target: LoadTarget, options: Partial<PoolOptions> = {}): Asker {
  const made = new Asker(target, options)
  askers.push(made)
  return made
}

const empty: OnStream = stream => stream.respond({ ':status': 200 }, { endStream: true })

describe('Http2Transport', () => {
  it('carries method, path, host, fields and body of what was written for HTTP/1.1', async () => {
    const seen: unknown[] = []
    const target = await h2c((stream, headers) => {
      let body = ''
      stream.on('data', (chunk: Buffer) => (body += chunk.toString('utf8')))
      stream.on('end', () => {
        const { ':method': method, ':path': path, ':authority': authority, 'x-name': name, connection } = headers
        seen.push({ method, path, authority, name, connection, body })
        stream.respond({ ':status': 201 }, { endStream: true })
      })
    })
    const client = asker(target)
    client.ask({ path: '/a?b=1', headers: { 'X-Name': 'tea', Connection: 'keep-alive' } })
    client.ask({ method: 'POST', path: '/b', headers: { Host: 'shop.test' }, body: '{"é":1}' })
    expect(await client.counts()).toEqual({ 201: 2 })
    expect(seen).toEqual([
      { method: 'GET', path: '/a?b=1', authority: `127.0.0.1:${target.port}`, name: 'tea', body: '' },
      { method: 'POST', path: '/b', authority: 'shop.test', body: '{"é":1}' },
    ])
  })

  it('speaks it over TLS, and resumes the session', async () => {
    const server = createSecureServer({ cert: localhostCertificate, key: localhostKey })
    serve(server as unknown as Http2Server, empty)
    const port = await listen(server, 0)
    const target: LoadTarget = { host: 'localhost', port, protocol: 'h2', tls: { ca: localhostCertificate } }
    const client = asker(target, { requestsPerConnection: 1, maxConnections: 1 })
    for (let request = 0; request < 3; request++) client.ask()
    expect(await client.counts()).toEqual({ 200: 3 })
  })

  it('keeps of the answer what was asked for', async () => {
    const target = await h2c(stream => {
      stream.respond({ ':status': 200, 'x-a': '1', 'set-cookie': ['b=2', 'c=3'] })
      stream.write('one ')
      stream.end('two')
    })
    const client = asker(target)
    for (const capture of ['none', 'head', 'body'] as const) {
      client.ask({ capture })
      await client.told()
    }
    const head = expect.stringMatching(/^x-a: 1\nset-cookie: b=2\nset-cookie: c=3\ndate: .*\n$/) as string
    expect(client.outcomes).toMatchObject([
      { bodyBytes: 7, head: '', body: '' },
      { bodyBytes: 7, head, body: '' },
      { bodyBytes: 7, head, body: 'one two' },
    ])
  })

  it.each([
    ['HEAD', 200],
    ['GET', 204],
    ['GET', 304],
  ])('takes the answer to %s with status %i as complete without a body', async (method, status) => {
    const target = await h2c(stream =>
      stream.respond({ ':status': status, ...(status === 204 ? {} : { 'content-length': 500 }) }, { endStream: true }),
    )
    const client = asker(target)
    client.ask({ method })
    expect(await client.counts()).toEqual({ [status]: 1 })
  })

  it('keeps to the streams a server takes, and opens connections up to the bound', async () => {
    const now = new Map<number, number>()
    let most = 0
    const target = await h2c(
      (stream, _headers, session) => {
        now.set(session, (now.get(session) ?? 0) + 1)
        most = Math.max(most, now.get(session)!)
        setTimeout(() => {
          now.set(session, now.get(session)! - 1)
          stream.respond({ ':status': 200 }, { endStream: true })
        }, 20)
      },
      { settings: { maxConcurrentStreams: 5 } },
    )
    const client = asker(target, { maxConnections: 3 })
    for (let request = 0; request < 60; request++) client.ask()
    expect(await client.counts()).toEqual({ 200: 60 })
    expect(most).toBe(5)
    expect(now.size).toBe(3)
    expect(client.transport.inFlight).toBe(0)
  })

  it('opens no second connection while the first has streams to spare', async () => {
    const sessions = new Set<number>()
    const target = await h2c((stream, headers, session) => {
      sessions.add(session)
      empty(stream, headers, session)
    })
    const client = asker(target)
    for (let request = 0; request < 50; request++) client.ask()
    expect(await client.counts()).toEqual({ 200: 50 })
    expect(sessions.size).toBe(1)
  })

  it('closes a connection after the requests it may carry', async () => {
    const perSession = new Map<number, number>()
    const target = await h2c((stream, headers, session) => {
      perSession.set(session, (perSession.get(session) ?? 0) + 1)
      empty(stream, headers, session)
    })
    const client = asker(target, { requestsPerConnection: 3, maxConnections: 2 })
    for (let request = 0; request < 12; request++) client.ask()
    expect(await client.counts()).toEqual({ 200: 12 })
    expect([...perSession.values()]).toEqual([3, 3, 3, 3])
  })

  it('reads bodies larger than every window, and survives an answer before the request was read', async () => {
    const size = 40 * 1024 * 1024
    const target = await h2c(
      (stream, headers) => {
        stream.respond({ ':status': 200 })
        if (headers[':method'] === 'POST') stream.end()
        else stream.end(Buffer.alloc(size))
      },
      { maxSessionMemory: 200 },
    )
    const client = asker(target)
    client.ask()
    client.ask({ method: 'POST', body: 'x'.repeat(4 * 1024 * 1024) })
    client.ask()
    expect(await client.counts()).toEqual({ 200: 3 })
    expect(client.outcomes.map(({ bodyBytes }) => bodyBytes).sort((a, b) => a - b)).toEqual([0, size, size])
  })

  it('repeats what a server refused untouched, a write too, and counts it when it goes on refusing', async () => {
    let refused = 0
    const target = await h2c((stream, headers, session) => {
      if (headers[':path'] === '/never' || refused++ < 2) stream.close(constants.NGHTTP2_REFUSED_STREAM)
      else empty(stream, headers, session)
    })
    const client = asker(target)
    client.ask({ method: 'POST', body: '1' })
    expect(await client.told()).toMatchObject([{ result: 200, retries: 2, sent: true }])
    client.ask({ path: '/never' })
    expect(await client.told()).toMatchObject([{}, { result: 'stream-refused', retries: 2, sent: true }])
  })

  it('repeats on a new connection what lay above the last stream of a GOAWAY, and waits for what lay below', async () => {
    const sessions: number[] = []
    const held: ServerHttp2Stream[] = []
    const target = await h2c((stream, headers, session) => {
      sessions.push(session)
      if (session > 1) return empty(stream, headers, session)
      held.push(stream)
      if (held.length < 4) return
      stream.session!.goaway(constants.NGHTTP2_NO_ERROR, held[1]!.id!)
      for (const early of held.slice(0, 2)) early.respond({ ':status': 202 }, { endStream: true })
    })
    const client = asker(target)
    for (let request = 0; request < 4; request++) client.ask({ method: 'POST', path: `/${request}`, body: 'x' })
    expect(await client.counts()).toEqual({ 202: 2, 200: 2 })
    expect(sessions).toEqual([1, 1, 1, 1, 2, 2])
    expect(client.outcomes.filter(({ retries }) => retries === 1)).toHaveLength(2)
  })

  it('cancels what takes too long and uses the stream again', async () => {
    const cancelled: unknown[] = []
    const target = await h2c(
      (stream, headers, session) => {
        if (headers[':path'] === '/ok') return empty(stream, headers, session)
        stream.on('close', () => cancelled.push(stream.rstCode))
        // Half an answer does not count as one.
        if (headers[':path'] === '/half') stream.respond({ ':status': 200 })
      },
      { settings: { maxConcurrentStreams: 2 } },
    )
    const client = asker(target, { timeoutMs: 500, maxConnections: 1 })
    client.ask({ path: '/never' })
    client.ask({ path: '/half' })
    expect(await client.told()).toMatchObject([
      { result: 'timeout', sent: true },
      { result: 'timeout', sent: true },
    ])
    client.ask({ path: '/ok' })
    expect((await client.told())[2]).toMatchObject({ result: 200 })
    await expect.poll(() => cancelled).toEqual([constants.NGHTTP2_CANCEL, constants.NGHTTP2_CANCEL])
  })

  it('fails what waited too long for a stream as never sent, and more than may wait at once', async () => {
    const target = await h2c(() => undefined, { settings: { maxConcurrentStreams: 1 } })
    const client = asker(target, { timeoutMs: 150, maxConnections: 1, maxWaiting: 3 })
    for (let request = 0; request < 6; request++) client.ask()
    const outcomes = await client.told()
    expect(await client.counts()).toMatchObject({ 'no-connection': 5, timeout: 1 })
    expect(outcomes.filter(({ sent }) => sent)).toHaveLength(1)
  })

  it.each<[string, (say: (...frames: Buffer[]) => void, stream: number, socket: Socket) => void, string]>([
    ['resets the stream', (say, stream) => say(reset(stream, 2)), 'reset'],
    ['resets it after its head', (say, stream) => say(ok(stream), reset(stream, 8)), 'reset'],
    [
      'resets it in the middle of its body',
      (say, stream) => say(ok(stream), data(stream, 'half'), reset(stream, 8)),
      'reset',
    ],
    [
      'resets it without an error in the middle of its body',
      (say, stream) => say(ok(stream, field('content-length', '100')), data(stream, 'half'), reset(stream, 0)),
      'closed-early',
    ],
    [
      'sends less than it declared',
      (say, stream) => say(ok(stream, field('content-length', '100')), data(stream, 'short', END_STREAM)),
      'parse-error',
    ],
    [
      'sends more than it declared',
      (say, stream) => say(ok(stream, field('content-length', '1')), data(stream, 'long', END_STREAM)),
      'parse-error',
    ],
    // Node reads a reset of the whole connection as its end, so the two cannot be told apart here.
    [
      'resets the connection in the middle of its body',
      (say, stream, socket) => {
        say(ok(stream), data(stream, 'half'))
        setImmediate(() => socket.resetAndDestroy())
      },
      'closed-early',
    ],
    [
      'closes the connection in the middle of its body',
      (say, stream, socket) => {
        say(ok(stream), data(stream, 'half'))
        socket.end()
      },
      'closed-early',
    ],
    [
      'answers with a status that is none',
      (say, stream) => say(frame(frameType.headers, 4 | END_STREAM, stream, field(':status', '999'))),
      'parse-error',
    ],
    ['leaves with an error', say => say(frame(frameType.goaway, 0, 0, Buffer.concat([code(1), code(2)]))), 'reset'],
  ])('counts it by kind when the server %s', async (_name, answer, kind) => {
    const port = await tcpServer(socket =>
      speakHttp2(socket, stream => answer((...frames) => void socket.write(Buffer.concat(frames)), stream, socket)),
    )
    const client = asker({ host: '127.0.0.1', port, protocol: 'h2c' })
    client.ask()
    expect(await client.told()).toMatchObject([{ result: kind, sent: true }])
  })

  // Node hangs up on such a server without a word and waits for it to close.
  it.each<[string, (stream: number) => Buffer]>([
    ['sends a body before its head', stream => data(stream, 'early')],
    ['breaks the compression of its head', stream => frame(frameType.headers, 4, stream, 'ÿÿÿÿÿÿ')],
    ['sends a frame that is too large', stream => data(stream, 'x'.repeat(70_000))],
  ])('lets the timeout end it when the server %s, and asks on a new connection', async (_name, bad) => {
    let connections = 0
    const port = await tcpServer(socket => {
      const first = ++connections === 1
      speakHttp2(socket, stream => void socket.write(first ? bad(stream) : ok(stream, '', END_STREAM)))
    })
    const client = asker({ host: '127.0.0.1', port, protocol: 'h2c' }, { timeoutMs: 500, maxConnections: 1 })
    client.ask()
    expect(await client.told()).toMatchObject([{ result: 'timeout', sent: true }])
    client.ask()
    expect((await client.told())[1]).toMatchObject({ result: 200 })
  })

  it('repeats a read, not a write, whose connection went idle under it', async () => {
    const answered = new Set<number>()
    const target = await h2c((stream, headers, session) => {
      if (answered.has(session)) return stream.session!.destroy()
      answered.add(session)
      empty(stream, headers, session)
    })
    const client = asker(target, { maxConnections: 1 })
    for (const method of ['GET', 'GET', 'POST']) {
      client.ask({ method })
      await client.told()
    }
    expect(client.outcomes).toMatchObject([
      { result: 200, retries: 0 },
      { result: 200, retries: 1 },
      { result: 'closed-early', retries: 0 },
    ])
  })

  it.each<[string, () => Promise<LoadTarget>, string]>([
    [
      'speaks HTTP/1.1 only',
      async () => ({ host: '127.0.0.1', port: await listen(createHttpServer(), 0), protocol: 'h2c' }),
      'parse-error',
    ],
    [
      'answers garbage',
      async () => ({
        host: '127.0.0.1',
        port: await tcpServer(socket => void socket.end(Buffer.alloc(500, 7))),
        protocol: 'h2c',
      }),
      'parse-error',
    ],
    [
      'closes at once',
      async () => ({ host: '127.0.0.1', port: await tcpServer(socket => void socket.end()), protocol: 'h2c' }),
      'closed-early',
    ],
    [
      'does not know ALPN',
      async () => ({
        host: '127.0.0.1',
        port: await tlsServer(() => undefined),
        protocol: 'h2',
        tls: { ca: localhostCertificate },
      }),
      'tls-failed',
    ],
    [
      'knows HTTP/1.1 in ALPN',
      async () => ({
        host: '127.0.0.1',
        port: await tlsServer(() => undefined, { ALPNProtocols: ['http/1.1'] }),
        protocol: 'h2',
        tls: { ca: localhostCertificate },
      }),
      'tls-failed',
    ],
    [
      'is not trusted',
      async () => ({ host: '127.0.0.1', port: await tlsServer(() => undefined), protocol: 'h2' }),
      'tls-untrusted',
    ],
    [
      'says nothing',
      async () => ({ host: '127.0.0.1', port: await tcpServer(() => undefined), protocol: 'h2c' }),
      'connect-timeout',
    ],
    [
      'is not there',
      async () => {
        const port = await tcpServer(() => undefined)
        await closeServers()
        return { host: '127.0.0.1', port, protocol: 'h2c' }
      },
      'connect-refused',
    ],
  ])('ends every request unsent when the server %s', async (_name, target, kind) => {
    const client = asker(await target(), { timeoutMs: 1_500 })
    for (let request = 0; request < 20; request++) client.ask()
    const outcomes = await client.told()
    expect(outcomes.every(({ sent }) => !sent)).toBe(true)
    expect(await client.counts()).toEqual({ [kind]: 20 })
  })

  it('ends the requests of a server that leaves as soon as it comes', async () => {
    const server = createServer()
    server.on('session', session => session.goaway())
    const client = asker({ host: '127.0.0.1', port: await listen(server, 0), protocol: 'h2c' })
    for (let request = 0; request < 5; request++) client.ask()
    expect(await client.told()).toHaveLength(5)
    expect(client.outcomes.every(({ result }) => typeof result === 'string')).toBe(true)
  })

  it('sends nothing of a request that HTTP/2 cannot carry', async () => {
    const client = asker(await h2c(empty))
    client.askRaw('GET / HTTP/1.1\r\nHost: a\r\nContent-Type: a\r\nContent-Type: b\r\n\r\n')
    client.askRaw('no request at all')
    client.ask()
    expect((await client.told()).map(({ result, sent }) => [result, sent])).toEqual([
      ['bad-request', false],
      ['bad-request', false],
      [200, true],
    ])
    expect(client.transport.inFlight).toBe(0)
  })

  it('says nothing any more once it was closed, though its owner closes it in the middle of a report', async () => {
    let left: Promise<unknown> | undefined
    const target = await h2c((stream, ...rest) => {
      left ??= new Promise(done => stream.session!.once('close', done))
      empty(stream, ...rest)
    })
    const client = asker(target)
    for (let request = 0; request < 10; request++) client.ask()
    await client.told(1)
    client.close()
    const { length } = client.outcomes
    // With the connection gone on the server's side too, nothing is under way any more.
    await left
    expect(client.outcomes).toHaveLength(length)
    expect(client.transport.inFlight).toBe(0)
  })
})
