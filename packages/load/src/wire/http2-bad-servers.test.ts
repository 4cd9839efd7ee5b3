/** HTTP/2 against real servers that are slow, leave early or break the rules: each request ends, and is counted by its kind. */
import { constants, createServer } from 'node:http2'
import { createServer as createHttpServer } from 'node:http'
import type { Socket } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { LoadTarget } from '../plan.ts'
import { asker, closeAskers } from './testing/exchanges.ts'
import { END_STREAM, code, field, frame, frameType, ok, speakHttp2 } from './testing/http2-frames.ts'
import { answerEmpty, h2c } from './testing/http2-servers.ts'
import { localhostCertificate } from './testing/localhost-certificate.ts'
import { closeServers, listen, tcpServer, tlsServer } from './testing/servers.ts'

const data = (stream: number, text: string, flags = 0) => frame(frameType.data, flags, stream, text)
const reset = (stream: number, why: number) => frame(frameType.reset, 0, stream, code(why))

afterEach(async () => {
  closeAskers()
  await closeServers()
})

describe('Http2Transport', () => {
  it('cancels what takes too long and uses the stream again', async () => {
    const cancelled: unknown[] = []
    const target = await h2c(
      (stream, headers, session) => {
        if (headers[':path'] === '/ok') return answerEmpty(stream, headers, session)
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
      answerEmpty(stream, headers, session)
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
})
