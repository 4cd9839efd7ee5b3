/** HTTP/2 against real, well-behaved servers: the same promises as the HTTP/1.1 pool makes. */
import { constants, createSecureServer } from 'node:http2'
import type { ServerHttp2Stream } from 'node:http2'
import { afterEach, describe, expect, it } from 'vitest'
import type { LoadTarget } from '../plan.ts'
import { asker, closeAskers } from './testing/exchanges.ts'
import { answerEmpty, h2c, serveHttp2 } from './testing/http2-servers.ts'
import { localhostCertificate, localhostKey } from './testing/localhost-certificate.ts'
import { closeServers } from './testing/servers.ts'

afterEach(async () => {
  closeAskers()
  await closeServers()
})

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
    const reused: boolean[] = []
    server.on('secureConnection', socket => reused.push(socket.isSessionReused()))
    const port = await serveHttp2(server, answerEmpty)
    const target: LoadTarget = { host: 'localhost', port, protocol: 'h2', tls: { ca: localhostCertificate } }
    const client = asker(target, { requestsPerConnection: 1, maxConnections: 1 })
    for (let request = 0; request < 3; request++) client.ask()
    expect(await client.counts()).toEqual({ 200: 3 })
    expect(reused).toEqual([false, true, true])
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
      answerEmpty(stream, headers, session)
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
      answerEmpty(stream, headers, session)
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
      else answerEmpty(stream, headers, session)
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
      if (session > 1) return answerEmpty(stream, headers, session)
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

  it('sends nothing of a request that HTTP/2 cannot carry', async () => {
    const client = asker(await h2c(answerEmpty))
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
      answerEmpty(stream, ...rest)
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
