/** Conversations with real WebSocket servers: what is timed from when, what is checked, and every way they end. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import type { RawData, WebSocket } from 'ws'
import type { LoadTarget } from '../plan.ts'
import { localhostCertificate, localhostKey } from './testing/localhost-certificate.ts'
import { closeServers, listen, tcpServer, tlsServer } from './testing/servers.ts'
import { Told } from './testing/told.ts'
import type { SocketMessage, WebSocketSettings } from './websocket.ts'
import { openWebSocket } from './websocket.ts'

afterEach(closeServers)

async function serve(
  onSocket: (socket: WebSocket, request: IncomingMessage) => void,
  server: Server = createServer(),
): Promise<LoadTarget> {
  new WebSocketServer({ server }).on('connection', onSocket)
  return { host: '127.0.0.1', port: await listen(server, 0) }
}

const textOf = (data: RawData): string => (data as Buffer).toString('utf8')
const echo = (socket: WebSocket): void => void socket.on('message', data => socket.send(textOf(data)))

async function converse(
  target: LoadTarget,
  messages: Iterable<SocketMessage>,
  settings: Partial<WebSocketSettings> = {},
): Promise<Told> {
  const told = new Told()
  openWebSocket({ target, path: '/chat', connectTimeoutMs: 5_000, ...settings }, messages, told)
  await told.ended
  return told
}

describe('openWebSocket', () => {
  it('times the opening and every answer, each from the instant it was due', async () => {
    const target = await serve(socket => {
      socket.on('message', data => setTimeout(() => socket.send(`${textOf(data)}!`), 30))
    })
    const told = await converse(target, [
      { data: 'one', expect: { text: 'one!', deadlineMs: 5_000 } },
      { data: 'two', due: { afterAnswerMs: 20 }, expect: { text: /^two/, deadlineMs: 5_000 } },
    ])
    expect(told.ends).toEqual([undefined])
    expect(told.statuses).toEqual([101, 200, 200])
    const [opened, one, two] = told.samples
    expect(opened!.scheduledMs).toBe(told.scheduledMs)
    expect(one!.bytes).toBe(4)
    expect(one!.endedMs - one!.scheduledMs).toBeGreaterThan(28)
    expect(two!.scheduledMs - one!.endedMs).toBeGreaterThan(18)
    for (const { scheduledMs, sentMs, endedMs } of told.samples) {
      expect(sentMs).toBeGreaterThanOrEqual(scheduledMs)
      expect(endedMs).toBeGreaterThanOrEqual(sentMs)
    }
  })

  it('keeps its pace though the server answers late, and gives each answer to whom it belongs', async () => {
    const target = await serve(socket => {
      const heard: string[] = []
      socket.on('message', data => {
        heard.push(textOf(data))
        // All at once, the last first.
        if (heard.length === 5) for (const text of heard.reverse()) socket.send(text)
      })
    })
    const messages = [0, 1, 2, 3, 4].map(index => ({
      data: `#${index}`,
      due: { afterMs: 20 },
      expect: { text: `#${index}`, deadlineMs: 5_000 },
    }))
    const told = await converse(target, messages)
    expect(told.ends).toEqual([undefined])
    const due = told.samples.slice(1).map(({ scheduledMs }) => scheduledMs)
    // Four gaps of 20 ms, wherever the answers lay; a timer may be a fraction early.
    expect(due).toEqual([...due].sort((a, b) => b - a))
    expect(due[0]! - due[4]!).toBeGreaterThan(78)
    expect(due[0]! - due[4]!).toBeLessThan(81)
  })

  it('waits for so many messages, of those that say it in JSON', async () => {
    const target = await serve(socket => {
      for (const text of ['{"price":1}', 'no json', '{"price":"2"}', '{"price":3}', '{"price":4}']) socket.send(text)
    })
    const json = (value: unknown) => typeof (value as { price: unknown }).price === 'number'
    const told = await converse(target, [{ expect: { json, count: 3, deadlineMs: 5_000, check: 4 } }])
    expect(told.ends).toEqual([undefined])
    expect(told.samples[1]!.bytes).toBe(33)
    expect(told.checks).toEqual([[4, true]])
  })

  it('ends with a timeout when what it waits for does not come in time', async () => {
    const told = await converse(await serve(echo), [
      { data: 'a', expect: { text: 'b', deadlineMs: 60, check: 0 } },
      { data: 'never said' },
    ])
    expect(told.ends).toEqual(['timeout'])
    expect(told.statuses).toEqual([101])
    expect(told.checks).toEqual([[0, false]])
  })

  it('closes in good order when all is said', async () => {
    let closed: number | undefined
    const target = await serve(socket => socket.on('close', code => (closed = code)))
    expect((await converse(target, [{ data: 'bye' }])).ends).toEqual([undefined])
    await expect.poll(() => closed).toBe(1000)
  })

  it('says headers, protocol and path', async () => {
    let seen: unknown
    const target = await serve((socket, { url, headers }) => {
      seen = [url, headers['x-user'], headers['sec-websocket-protocol'], headers.host]
      socket.close(1000)
    })
    const settings = { path: '/chat?room=7', headers: { 'x-user': 'ann' }, protocols: ['v1'] }
    await converse(target, [], settings)
    expect(seen).toEqual(['/chat?room=7', 'ann', 'v1', `127.0.0.1:${target.port}`])
  })

  it.each(['https', 'h2'] as const)('speaks over TLS where the target is %s', async protocol => {
    const server = createHttpsServer({ cert: localhostCertificate, key: localhostKey })
    const { port } = await serve(echo, server)
    const target: LoadTarget = { host: 'localhost', port, protocol, tls: { ca: localhostCertificate } }
    const told = await converse(target, [{ data: 'a', expect: { text: 'a', deadlineMs: 5_000 } }])
    expect([told.ends, told.statuses]).toEqual([[undefined], [101, 200]])
  })

  it.each<[string, (socket: WebSocket) => void, string]>([
    ['closes with a code of its own', socket => socket.close(1011, 'restart'), 'close-1011'],
    ['closes in the middle as if all was well', socket => socket.close(1000), 'close-1000'],
    ['is cut off', socket => socket.terminate(), 'closed-early'],
    ['resets', socket => rawSocket(socket).resetAndDestroy(), 'reset'],
    ['breaks the framing', socket => void rawSocket(socket).write(Buffer.from([0xff, 0xff, 0, 0])), 'parse-error'],
    ['sends text that is none', socket => void rawSocket(socket).write(Buffer.from([0x81, 1, 0xff])), 'parse-error'],
  ])('counts it by kind when the server %s', async (_name, misbehave, kind) => {
    const target = await serve(socket => socket.on('message', () => misbehave(socket)))
    const told = await converse(target, [{ data: 'a', expect: { deadlineMs: 5_000 } }])
    expect(told.ends).toEqual([kind])
    expect(told.statuses).toEqual([101])
  })

  it.each<[string, () => Promise<LoadTarget>, string]>([
    [
      'refuses the upgrade',
      async () =>
        local(
          await listen(
            createServer().on('upgrade', (_request, socket) => socket.end('HTTP/1.1 403 No\r\n\r\n')),
            0,
          ),
        ),
      'http-403',
    ],
    [
      'knows no upgrade',
      async () =>
        local(
          await listen(
            createServer((_request, response) => response.end('hi')),
            0,
          ),
        ),
      'http-200',
    ],
    ['answers garbage', async () => local(await tcpServer(socket => void socket.end('no http'))), 'parse-error'],
    [
      'accepts with the wrong key',
      async () => local(await tcpServer(socket => void socket.end(WRONG_KEY))),
      'parse-error',
    ],
    [
      'sends a head without end',
      async () =>
        local(await tcpServer(socket => void socket.write(`HTTP/1.1 101 OK\r\n${'X: y\r\n'.repeat(20_000)}`))),
      'head-too-large',
    ],
    ['closes at once', async () => local(await tcpServer(socket => void socket.end())), 'closed-early'],
    ['says nothing', async () => local(await tcpServer(() => undefined)), 'connect-timeout'],
    [
      'is not trusted',
      async () => ({ ...local(await tlsServer(() => undefined)), protocol: 'https' }),
      'tls-untrusted',
    ],
    ['speaks no TLS', async () => ({ ...local(await listen(createServer(), 0)), protocol: 'https' }), 'tls-failed'],
    [
      'is not there',
      async () => {
        const port = await tcpServer(() => undefined)
        await closeServers()
        return local(port)
      },
      'connect-refused',
    ],
  ])('opens nothing when the server %s', async (_name, target, kind) => {
    const told = await converse(await target(), [{ data: 'a' }], { connectTimeoutMs: 1_500 })
    expect(told.ends).toEqual([kind])
    expect(told.samples).toEqual([])
  })

  it('lets the loop turn in a script without waits, and stops one whose server does not read', async () => {
    const endless = (data: string) =>
      (function* () {
        for (;;) yield { data }
      })()
    let heard = 0
    const counting = await serve(socket => socket.on('message', () => ++heard === 1_000 && socket.close(4_000)))
    expect((await converse(counting, endless('x'))).ends).toEqual(['close-4000'])
    const deaf = await serve(socket => socket.pause())
    expect((await converse(deaf, endless('x'.repeat(100_000)))).ends).toEqual(['timeout'])
  })

  it('ends once, as intended, when it is asked to', async () => {
    let seen = 0
    let left: Promise<unknown> | undefined
    const target = await serve(socket => {
      seen++
      echo(socket)
      left = new Promise(done => socket.once('close', done))
    })
    const told = new Told()
    const messages = (function* () {
      for (let index = 0; ; index++)
        yield { data: `${index}`, due: { afterMs: 5 }, expect: { text: `${index}`, deadlineMs: 5_000 } }
    })()
    const channel = openWebSocket({ target, path: '/', connectTimeoutMs: 5_000 }, messages, told)
    await expect.poll(() => told.samples.length).toBeGreaterThan(5)
    channel.close()
    channel.close()
    const { length } = told.samples
    // With the connection gone on the server's side too, nothing is under way any more.
    await left
    expect([told.ends, told.samples.length, seen]).toEqual([[undefined], length, 1])
  })

  it('says nothing more once it is to drain, and ends when what it waits for has come', async () => {
    const heard: string[] = []
    let answer: (() => void) | undefined
    const target = await serve(socket => {
      socket.on('message', data => {
        heard.push(textOf(data))
        answer = () => socket.send('there')
      })
    })
    const told = new Told()
    const messages = (function* () {
      for (;;) yield { data: 'where?', expect: { text: 'there', deadlineMs: 5_000 } }
    })()
    const channel = openWebSocket({ target, path: '/', connectTimeoutMs: 5_000 }, messages, told)
    await expect.poll(() => heard).toEqual(['where?'])
    channel.drain()
    expect(told.ends).toEqual([])
    answer!()
    await told.ended
    expect([told.ends, told.statuses, heard]).toEqual([[undefined], [101, 200], ['where?']])
  })

  it('drains a conversation that is silent, or not yet open, without a word', async () => {
    const target = await serve(echo)
    const told = new Told()
    openWebSocket({ target, path: '/', connectTimeoutMs: 5_000 }, [{ data: 'never' }], told).drain()
    await told.ended
    expect([told.ends, told.statuses]).toEqual([[undefined], [101]])
    const later = new Told()
    const messages = [{ data: 'much later', due: { afterMs: 60_000 } }]
    const channel = openWebSocket({ target, path: '/', connectTimeoutMs: 5_000 }, messages, later)
    await expect.poll(() => later.samples.length).toBe(1)
    channel.drain()
    expect([later.ends, later.statuses]).toEqual([[undefined], [101]])
  })

  it('ends with an error of the scenario when its own code throws', async () => {
    const json = () => {
      throw new Error('oops')
    }
    const told = await converse(await serve(echo), [{ data: '{}', expect: { json, deadlineMs: 5_000 } }])
    expect(told.ends).toEqual(['scenario'])
  })
})

const WRONG_KEY = 'HTTP/1.1 101 OK\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: AAAA\r\n\r\n'

const local = (port: number): LoadTarget => ({ host: '127.0.0.1', port })

function rawSocket(socket: WebSocket) {
  return (socket as unknown as { _socket: import('node:net').Socket })._socket
}
