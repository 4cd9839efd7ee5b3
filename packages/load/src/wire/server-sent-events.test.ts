/** Listening to real servers: what is timed from when, what is checked, and every way it ends. */
import { createServer } from 'node:http'
import type { RequestListener, ServerResponse } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { afterEach, describe, expect, it } from 'vitest'
import type { LoadTarget } from '../plan.ts'
import type { EventExpectation, EventStreamSettings } from './server-sent-events.ts'
import { openEventStream } from './server-sent-events.ts'
import { localhostCertificate, localhostKey } from './testing/localhost-certificate.ts'
import { closeServers, listen, tcpServer } from './testing/servers.ts'
import { Told } from './testing/told.ts'

afterEach(closeServers)

const local = (port: number): LoadTarget => ({ host: '127.0.0.1', port })
const serve = async (listener: RequestListener): Promise<LoadTarget> => local(await listen(createServer(listener), 0))

/** A stream that says `pieces`, one every `everyMs`. */
const stream = (pieces: readonly string[], everyMs = 0) =>
  serve((_request, response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8' }).flushHeaders()
    const say = ([piece, ...rest]: readonly string[]): void => {
      if (piece === undefined) return
      response.write(piece)
      setTimeout(() => say(rest), everyMs)
    }
    setTimeout(() => say(pieces), everyMs)
  })

async function hear(
  target: LoadTarget,
  waits: Iterable<EventExpectation>,
  settings: Partial<EventStreamSettings> = {},
): Promise<Told> {
  const told = new Told()
  openEventStream({ target, path: '/events', ...settings }, waits, told)
  await told.ended
  return told
}

const any: EventExpectation = { deadlineMs: 5_000 }

describe('openEventStream', () => {
  it('times the first event from the instant the step was due, and the others from the one before', async () => {
    const told = await hear(await stream(['data: a\n\n', 'data: bcd\n\n', 'data: e\n\n'], 30), [any, any, any])
    expect(told.ends).toEqual([undefined])
    expect(told.statuses).toEqual([200, 200, 200])
    expect(told.samples.map(({ bytes }) => bytes)).toEqual([1, 3, 1])
    expect(told.samples[0]!.scheduledMs).toBe(told.scheduledMs)
    for (const { scheduledMs, endedMs } of told.samples) expect(endedMs - scheduledMs).toBeGreaterThan(20)
    for (const after of [1, 2])
      expect(told.samples[after]!.scheduledMs).toBeCloseTo(told.samples[after - 1]!.endedMs, 0)
  })

  it('waits for so many events of a name, of those that say it in JSON', async () => {
    const target = await stream([
      'event: price\ndata: {"of":"tea"}\n\n: ping\n\nevent: price\nda',
      'ta: {"of":"oil"}\r\n\r\nevent: other\ndata: {"of":"tea"}\n\nevent: price\ndata: {"of":"tea"}\n\n',
    ])
    const json = (value: unknown) => (value as { of: string }).of === 'tea'
    const told = await hear(target, [{ event: 'price', json, count: 2, deadlineMs: 5_000, check: 3 }])
    expect([told.ends, told.statuses, told.checks]).toEqual([[undefined], [200], [[3, true]]])
    expect(told.samples[0]!.bytes).toBe(24)
  })

  it('ends with a timeout when an event does not come in time', async () => {
    const told = await hear(await stream(['data: a\n\n', ': ping\n\n'], 10), [any, { deadlineMs: 60, check: 1 }])
    expect([told.ends, told.statuses, told.checks]).toEqual([['timeout'], [200], [[1, false]]])
  })

  it('asks for an event stream, with the headers it was given, and hangs up when it has heard enough', async () => {
    let seen: unknown
    let hungUp = false
    const target = await serve((request, response) => {
      seen = [request.url, request.headers.accept, request.headers['last-event-id'], request.headers.host]
      response.on('close', () => (hungUp = true))
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: a\n\n')
    })
    await hear(target, [any], { headers: { 'last-event-id': '7' } })
    expect(seen).toEqual(['/events', 'text/event-stream', '7', `127.0.0.1:${target.port}`])
    await expect.poll(() => hungUp).toBe(true)
  })

  it.each(['https', 'h2'] as const)('listens over TLS where the target is %s', async protocol => {
    const server = createHttpsServer({ cert: localhostCertificate, key: localhostKey }, (_request, response) =>
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: a\n\n'),
    )
    const port = await listen(server, 0)
    const told = await hear({ host: 'localhost', port, protocol, tls: { ca: localhostCertificate } }, [any])
    expect([told.ends, told.statuses]).toEqual([[undefined], [200]])
  })

  it.each<[string, (response: ServerResponse) => void, string]>([
    ['ends the stream', response => response.end(), 'closed-early'],
    ['is cut off', response => response.destroy(), 'closed-early'],
    ['resets', response => response.socket!.resetAndDestroy(), 'reset'],
    ['breaks the chunks', response => void response.socket!.write('zz\r\n'), 'parse-error'],
    ['sends a line without end', response => void response.write('x'.repeat(2_000_000)), 'parse-error'],
  ])('counts it by kind when the server %s', async (_name, misbehave, kind) => {
    const target = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).write('data: a\n\n')
      setTimeout(() => misbehave(response), 20)
    })
    const told = await hear(target, [any, any])
    expect([told.ends, told.statuses]).toEqual([[kind], [200]])
  })

  it.each<[string, () => Promise<LoadTarget>, string]>([
    ['answers 503', () => serve((_request, response) => response.writeHead(503).end()), 'http-503'],
    [
      'answers 204, which means do not come back',
      () => serve((_request, response) => response.writeHead(204).end()),
      'http-204',
    ],
    ['answers with a page', () => serve((_request, response) => response.end('<p>')), 'not-an-event-stream'],
    ['answers garbage', async () => local(await tcpServer(socket => void socket.end('no http'))), 'parse-error'],
    ['closes at once', async () => local(await tcpServer(socket => void socket.end())), 'closed-early'],
    ['says nothing', async () => local(await tcpServer(() => undefined)), 'timeout'],
    [
      'is not there',
      async () => {
        const port = await tcpServer(() => undefined)
        await closeServers()
        return local(port)
      },
      'connect-refused',
    ],
  ])('hears nothing when the server %s', async (_name, target, kind) => {
    const told = await hear(await target(), [{ deadlineMs: 1_500 }])
    expect([told.ends, told.samples]).toEqual([[kind], []])
  })

  it('ends once, as intended, when it is asked to', async () => {
    let left: Promise<unknown> | undefined
    const target = await serve((_request, response) => {
      const speaking = setInterval(() => response.write('data: a\n\n'), 2)
      left = new Promise<void>(done =>
        response.once('close', () => {
          clearInterval(speaking)
          done()
        }),
      )
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
    })
    const told = new Told()
    const waits = (function* () {
      for (;;) yield any
    })()
    const channel = openEventStream({ target, path: '/' }, waits, told)
    await expect.poll(() => told.samples.length).toBeGreaterThan(5)
    channel.close()
    channel.close()
    const { length } = told.samples
    // With the connection gone on the server's side too, nothing can come any more.
    await left
    expect([told.ends, told.samples.length]).toEqual([[undefined], length])
  })

  it('waits for no further event once it is to drain', async () => {
    let speak: (() => void) | undefined
    const target = await serve((_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' }).flushHeaders()
      speak = () => response.write('data: a\n\n')
    })
    const told = new Told()
    const waits = (function* () {
      for (;;) yield any
    })()
    const channel = openEventStream({ target, path: '/' }, waits, told)
    await expect.poll(() => speak).toBeDefined()
    channel.drain()
    expect(told.ends).toEqual([])
    speak!()
    await told.ended
    expect([told.ends, told.samples.length]).toEqual([[undefined], 1])
  })

  it('ends with an error of the scenario when its own code throws', async () => {
    const json = () => {
      throw new Error('oops')
    }
    const told = await hear(await stream(['data: {}\n\n']), [{ json, deadlineMs: 5_000 }])
    expect(told.ends).toEqual(['scenario'])
  })
})
