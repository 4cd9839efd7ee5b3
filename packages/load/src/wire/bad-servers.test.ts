/** Servers that misbehave in every way we know, under the real engine: each is counted by its kind, the run ends, and the books balance. */
import { once } from 'node:events'
import { createServer as createHttpServer } from 'node:http'
import type { Socket } from 'node:net'
import type { LoadStep } from '@whetstone/model'
import { seededRandom } from '@whetstone/stats'
import { afterEach, describe, expect, it } from 'vitest'
import type { LoadPlan, LoadTarget } from '../plan.ts'
import { runInProcess, type RunOptions } from '../run-in-process.ts'
import { localhostCertificate } from './testing/localhost-certificate.ts'
import { closeServers, listen, tcpServer, tlsServer } from './testing/servers.ts'

afterEach(closeServers)

const REQUESTS = 15
const OK = 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'
const HEAD = 'HTTP/1.1 200 OK\r\n'
const CHUNKED = `${HEAD}Transfer-Encoding: chunked\r\n\r\n`

/** Where the timeout is what ends it; a busy machine must connect in that time. */
const SHORT_TIMEOUT_MS = 700
/** Where something else must end it. */
const LONG_TIMEOUT_MS = 20_000
const timeoutFor = (kind: string) => ({ timeoutMs: kind === 'timeout' ? SHORT_TIMEOUT_MS : LONG_TIMEOUT_MS })

async function load(target: LoadTarget, change: Partial<LoadPlan> = {}, options: RunOptions = {}): Promise<LoadStep> {
  const plan: LoadPlan = {
    target,
    routes: [{ route: 'GET /', weight: 1, requests: [{ method: 'GET', path: '/', headers: {} }] }],
    ratePerSecond: 100,
    durationMs: REQUESTS * 10,
    warmUpMs: 0,
    arrivals: 'uniform',
    seed: 1,
    maxConnections: 64,
    timeoutMs: SHORT_TIMEOUT_MS,
    pacing: 'timer',
    ...change,
  }
  const { measure, stopped } = await runInProcess(plan, options)
  expect(stopped).toBe('finished')
  const { sent, completed, errors, errorsByKind, overall, routes, intervals } = measure
  const sum = (counts: readonly number[]) => counts.reduce((total, count) => total + count, 0)
  // None of these servers answers 5xx, so an error is a request without an answer.
  expect(completed + errors).toBe(overall.requests)
  expect(sum(Object.values(errorsByKind))).toBe(errors)
  expect(sum(routes.map(({ requests }) => requests))).toBe(overall.requests)
  expect(sum(intervals.map(({ requests }) => requests))).toBe(overall.requests)
  expect(overall.response.count).toBe(completed)
  expect(sent).toBeGreaterThanOrEqual(completed)
  expect(sent).toBeLessThanOrEqual(overall.requests)
  return measure
}

const local = (port: number): LoadTarget => ({ host: '127.0.0.1', port })
const local443 = (port: number): LoadTarget => ({
  ...local(port),
  protocol: 'https',
  tls: { ca: localhostCertificate },
})

function said(socket: Socket, text: string): Socket {
  socket.write(text)
  return socket
}

/** Goes on without end, in pieces that leave the loop to the reader, which lives in this process too. */
function flood(socket: Socket, text: string): void {
  const piece = text.repeat(Math.ceil(20_000 / text.length))
  const timer = setInterval(() => socket.writableLength === 0 && socket.write(piece), 5)
  socket.on('close', () => clearInterval(timer))
}

function drip(socket: Socket, text: string): void {
  let at = 0
  const timer = setInterval(() => socket.write(text[at++ % text.length]!), 20)
  socket.on('close', () => clearInterval(timer))
}

type Behaviour = (socket: Socket) => unknown

const behaviours: readonly [string, string, Behaviour][] = [
  ['answers in a protocol of its own', 'parse-error', socket => socket.write('220 mail.test ESMTP\r\n')],
  ['answers like HTTP/0.9', 'parse-error', socket => socket.end('<html>hello</html>')],
  ['answers HTTP/2', 'parse-error', socket => socket.write('HTTP/2 200\r\n\r\n')],
  ['answers without a status', 'parse-error', socket => socket.write('HTTP/1.1 OK\r\n\r\n')],
  ['answers with status 099', 'parse-error', socket => socket.write('HTTP/1.1 099 Low\r\n\r\n')],
  ['answers a line feed first', 'parse-error', socket => socket.write(`\n${OK}`)],
  ['sends a head without end, in many lines', 'head-too-large', socket => flood(said(socket, HEAD), 'X: y\r\n')],
  ['sends a head without end, in one line', 'head-too-large', socket => flood(said(socket, HEAD), 'X')],
  ['sends interim answers without end', 'parse-error', socket => flood(socket, 'HTTP/1.1 102 Wait\r\n\r\n')],
  ['sends a body without end', 'timeout', socket => flood(said(socket, `${HEAD}\r\n`), 'x')],
  [
    'sends chunks without end',
    'timeout',
    socket => flood(said(socket, CHUNKED), '3e8\r\n' + 'x'.repeat(1_000) + '\r\n'),
  ],
  ['drips a head', 'timeout', socket => drip(socket, `${HEAD}X: ${'y'.repeat(500)}`)],
  ['drips a body', 'timeout', socket => drip(said(socket, `${HEAD}Content-Length: 9999\r\n\r\n`), 'x')],
  ['sends less than it says and waits', 'timeout', socket => socket.write(`${HEAD}Content-Length: 9\r\n\r\nok`)],
  ['sends less than it says and closes', 'closed-early', socket => socket.end(`${HEAD}Content-Length: 9\r\n\r\nok`)],
  [
    'sends less than it says and resets',
    'reset',
    socket => socket.write(`${HEAD}Content-Length: 9\r\n\r\nok`, () => setTimeout(() => socket.resetAndDestroy(), 20)),
  ],
  [
    'says two lengths',
    'parse-error',
    socket => socket.write(`${HEAD}Content-Length: 1\r\nContent-Length: 2\r\n\r\nok`),
  ],
  ['says a length that is none', 'parse-error', socket => socket.write(`${HEAD}Content-Length: two\r\n\r\nok`)],
  ['sends a chunk size that is none', 'parse-error', socket => socket.write(`${CHUNKED}ok\r\n`)],
  ['sends a chunk longer than it says', 'parse-error', socket => socket.write(`${CHUNKED}1\r\nok\r\n0\r\n\r\n`)],
  ['sends chunks without the last', 'closed-early', socket => socket.end(`${CHUNKED}2\r\nok\r\n`)],
  ['sends trailers without end', 'parse-error', socket => flood(said(socket, `${CHUNKED}0\r\n`), 'X: y\r\n')],
  ['switches protocols', 'parse-error', socket => socket.write('HTTP/1.1 101 OK\r\nUpgrade: h2c\r\n\r\n')],
  ['closes instead of answering', 'closed-early', socket => socket.end()],
  ['resets instead of answering', 'reset', socket => socket.resetAndDestroy()],
  ['never answers', 'timeout', () => undefined],
]

describe('a server that reads the request and then misbehaves', () => {
  it.each(behaviours)('%s: %s', async (_name, kind, behave) => {
    let asked = 0
    const port = await tcpServer(socket => {
      socket.once('data', () => {
        asked++
        behave(socket)
      })
    })
    const measure = await load(local(port), timeoutFor(kind))
    expect(measure.errorsByKind).toEqual({ [kind]: REQUESTS })
    expect(measure.sent).toBe(REQUESTS)
    expect(asked).toBe(REQUESTS)
  })

  // Bytes that were decrypted are read by the same code; what may differ is how a connection ends.
  it.each(behaviours.filter(([name]) => /garbage|closes|never|own$|one line/.test(name)))(
    'over TLS, %s: %s',
    async (_name, kind, behave) => {
      const port = await tlsServer(socket => void socket.once('data', () => behave(socket)))
      const few = { ratePerSecond: 50, durationMs: 100, timeoutMs: kind === 'timeout' ? 2_500 : LONG_TIMEOUT_MS }
      const measure = await load(local443(port), few)
      expect(measure.errorsByKind).toEqual({ [kind]: 5 })
      expect(measure.sent).toBe(5)
    },
  )
})

describe('a server that misbehaves before it is asked', () => {
  it('is heard too early: what it says first is no answer', async () => {
    const port = await tcpServer(socket => void socket.write(OK))
    const measure = await load(local(port))
    // Whether the words come before the request leaves or after is a matter of microseconds.
    expect(measure.errors + measure.completed).toBe(REQUESTS)
  })

  it('closes every connection at once: nothing is answered', async () => {
    const port = await tcpServer(socket => void socket.end())
    const measure = await load(local(port), { timeoutMs: LONG_TIMEOUT_MS })
    expect(measure.completed).toBe(0)
    expect(Object.keys(measure.errorsByKind)).toEqual(expect.arrayContaining(['closed-early']))
  })

  it.each<[string, string, () => Promise<LoadTarget>]>([
    ['speaks plain text on a TLS port', 'tls-failed', async () => local443(await listen(createHttpServer(), 0))],
    [
      'sends garbage on a TLS port',
      'tls-failed',
      async () => local443(await tcpServer(socket => void socket.write(Buffer.alloc(999, 0x16)))),
    ],
    [
      'has a certificate nobody trusts',
      'tls-untrusted',
      async () => ({ ...local443(await tlsServer(() => undefined)), tls: {} }),
    ],
    [
      'has a certificate for another host',
      'tls-wrong-host',
      async () => ({
        ...local443(await tlsServer(() => undefined)),
        tls: { ca: localhostCertificate, servername: 'shop.test' },
      }),
    ],
    [
      'speaks an old TLS',
      'tls-failed',
      async () => local443(await tlsServer(() => undefined, { maxVersion: 'TLSv1.1', minVersion: 'TLSv1.1' })),
    ],
    ['has a name that nobody knows', 'dns-failed', async () => ({ host: `${'x'.repeat(64)}.test`, port: 80 })],
    [
      'has a socket file that is not there',
      'connect-refused',
      async () => ({ ...local(80), socketPath: '/nowhere/app.sock' }),
    ],
  ])('%s: %s, and nothing was sent', async (_name, kind, target) => {
    const measure = await load(await target(), { timeoutMs: LONG_TIMEOUT_MS })
    expect(measure.errorsByKind).toEqual({ [kind]: REQUESTS })
    expect(measure).toMatchObject({ sent: 0, completed: 0, achievedRatePerSecond: 0 })
  })

  it('hangs up on the handshake: nothing was sent', async () => {
    const measure = await load(local443(await tcpServer(socket => void socket.end())), { timeoutMs: LONG_TIMEOUT_MS })
    expect(measure).toMatchObject({ sent: 0, errors: REQUESTS, errorsByKind: { 'tls-failed': REQUESTS } })
  })

  it('never finishes the handshake: nothing was sent', async () => {
    const measure = await load(local443(await tcpServer(() => undefined)))
    expect(measure.sent).toBe(0)
    expect(measure.errors).toBe(REQUESTS)
  })
})

describe('a server that is only rude', () => {
  it.each<[string, Behaviour]>([
    ['half-closes its side after each answer', socket => socket.end(OK)],
    ['sends more than it says', socket => socket.write(`${OK} and more`)],
    ['sends two answers for one request', socket => socket.write(OK + OK)],
    ['ends its body by closing', socket => socket.end(`${HEAD}\r\nok`)],
    [
      'answers byte by byte',
      socket => {
        for (const byte of Buffer.from(OK)) socket.write(Buffer.of(byte))
      },
    ],
    ['answers after interim answers', socket => socket.write(`HTTP/1.1 103 Early Hints\r\nLink: <a>\r\n\r\n${OK}`)],
  ])('%s: every request is answered', async (_name, behave) => {
    let asked = 0
    const port = await tcpServer(
      socket => {
        socket.on('data', () => {
          asked++
          behave(socket)
        })
        socket.on('end', () => socket.end())
      },
      { allowHalfOpen: true },
    )
    const measure = await load(local(port), {
      timeoutMs: LONG_TIMEOUT_MS,
      ratePerSecond: 200,
      durationMs: REQUESTS * 5,
    })
    expect(measure).toMatchObject({ sent: REQUESTS, completed: REQUESTS, errors: 0 })
    expect(asked).toBeGreaterThanOrEqual(REQUESTS)
  })

  it('half-closes as soon as it is connected to, and still answers: too late', async () => {
    const port = await tcpServer(
      socket => {
        socket.end()
        socket.on('data', () => undefined)
      },
      { allowHalfOpen: true },
    )
    const measure = await load(local(port))
    expect(measure.errors).toBe(REQUESTS)
    expect(measure.completed).toBe(0)
  })

  it('dies in the middle of the run and comes back: what lies between is refused, not sent', async () => {
    let asked = 0
    const answer: Behaviour = socket => {
      socket.on('data', () => {
        asked++
        socket.write(OK)
      })
    }
    const port = await tcpServer(answer)
    let failed = 0
    const running = load(
      local(port),
      { durationMs: 3_000, timeoutMs: LONG_TIMEOUT_MS },
      { onInterval: ({ errors }) => (failed = errors) },
    )
    await expect.poll(() => asked).toBeGreaterThan(20)
    await closeServers()
    await expect.poll(() => failed).toBeGreaterThan(20)
    await tcpServer(answer, {}, port)
    const { completed, sent, errorsByKind, overall } = await running
    expect(overall.requests).toBe(300)
    expect(errorsByKind['connect-refused']).toBeGreaterThan(10)
    expect(completed).toBeGreaterThan(40)
    // A request on its way when the server died may have been lost unheard, or repeated.
    expect(Math.abs(asked - sent)).toBeLessThan(10)
  })

  it.each([1, 2, 3])('behaves in any of these ways at random, seed %i: the books balance', async seed => {
    const random = seededRandom(seed)
    let asked = 0
    const port = await tcpServer(socket => {
      const behave = behaviours[Math.floor(random() * behaviours.length)]![2]
      let answers = Math.floor(random() * 4)
      socket.on('data', () => {
        asked++
        if (answers-- > 0) socket.write(OK)
        else if (answers === -1) behave(socket)
      })
    })
    const measure = await load(local(port), { ratePerSecond: 300, durationMs: 700, maxConnections: 20 })
    expect(measure.overall.requests).toBe(210)
    expect(measure.completed).toBeGreaterThan(0)
    expect(Object.keys(measure.errorsByKind).length).toBeGreaterThan(2)
    // Reads may be repeated when a connection that had answered goes away, so the server may be asked more often.
    expect(asked).toBeGreaterThanOrEqual(measure.sent)
  })
})

describe('a server that does not read', () => {
  it('leaves a large request in the middle: it was sent, and never answered', async () => {
    const port = await tcpServer(socket => socket.pause())
    const body = 'x'.repeat(2_000_000)
    const routes = [{ route: 'POST /', weight: 1, requests: [{ method: 'POST', path: '/', headers: {}, body }] }]
    const measure = await load(local(port), { routes, ratePerSecond: 50, durationMs: 100 })
    expect(measure.errorsByKind).toEqual({ timeout: 5 })
    expect(measure.sent).toBe(5)
  })

  it('ends with the run, though its sockets are still open', async () => {
    const sockets: Socket[] = []
    const port = await tcpServer(socket => void sockets.push(socket))
    await load(local(port), { timeoutMs: 100 })
    expect(sockets.length).toBeGreaterThan(0)
    for (const socket of sockets) if (!socket.closed) await once(socket.resume(), 'close')
  })
})
