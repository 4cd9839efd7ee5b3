/** The engine against real servers, polite and hostile: what is counted, from which instant, and that it always ends. */
import { createServer as createHttpServer } from 'node:http'
import type { RequestListener } from 'node:http'
import { createServer as createNetServer } from 'node:net'
import type { AddressInfo, Server, Socket } from 'node:net'
import { Histogram } from '@whetstone/stats'
import type { SerializedHistogram } from '@whetstone/model'
import { afterEach, describe, expect, it } from 'vitest'
import type { LoadPlan } from './plan.ts'
import { loadTarget } from './plan.ts'
import { runInProcess } from './run-in-process.ts'

const open: { readonly server: Server; readonly sockets: Set<Socket> }[] = []

afterEach(async () => {
  for (const { server, sockets } of open.splice(0)) {
    for (const socket of sockets) socket.destroy()
    await new Promise(done => server.close(done))
  }
})

describe('runInProcess', () => {
  it('sends every request that was due, once, and counts what came back by route', async () => {
    const seen: string[] = []
    const port = await http((request, response) => {
      seen.push(request.url!)
      response.end(request.url === '/a' ? 'x'.repeat(300) : '{}')
    })
    const { warmUp, measure, stopped } = await runInProcess(
      plan(port, {
        ratePerSecond: 300,
        durationMs: 500,
        warmUpMs: 200,
        routes: [route('GET /a', ['/a'], 2), route('GET /b/:id', ['/b/1', '/b/2'])],
      }),
    )
    expect(stopped).toBe('finished')
    expect(warmUp).toMatchObject({ purpose: 'warm-up', sent: 60, completed: 60, errors: 0, durationMs: 200 })
    expect(measure).toMatchObject({
      purpose: 'measure',
      sent: 150,
      completed: 150,
      errors: 0,
      durationMs: 500,
      errorsByKind: {},
    })
    expect(seen).toHaveLength(210)
    expect(new Set(seen)).toEqual(new Set(['/a', '/b/1', '/b/2']))
    const [a, b] = measure.routes
    expect(a!.requests + b!.requests).toBe(150)
    expect(a).toMatchObject({
      route: 'GET /a',
      statusCounts: { 200: a!.requests },
      meanBodyBytes: 300,
      maxBodyBytes: 300,
    })
    expect(measure.overall.response.count).toBe(150)
    expect(measure.intervals.map(({ atMs, requests }) => [atMs, requests])).toEqual([[0, 150]])
  })

  it('counts the time a request waits for a frozen server, which timing from the send would miss', async () => {
    let count = 0
    // Four requests are held for 0.4 s, which takes all four connections.
    const port = await http((_request, response) => {
      const held = ++count >= 60 && count < 64
      setTimeout(() => response.end(), held ? 400 : 0)
    })
    // 200/s for 2 s, frozen for 0.4 s: a fifth of the requests are late, by 0 to 400 ms, evenly.
    const { measure } = await runInProcess(plan(port, { ratePerSecond: 200, durationMs: 2000, maxConnections: 4 }))
    const response = read(measure.overall.response)
    const service = read(measure.overall.service)
    expect(measure.completed).toBe(400)
    expect(response.quantile(0.9)).toBeGreaterThan(120_000)
    expect(response.countAbove(100_000)).toBeGreaterThan(45)
    // Only the four that were under way saw the freeze as service time.
    expect(service.countAbove(100_000)).toBeLessThan(20)
  })

  it('opens connections on demand and keeps to the bound', async () => {
    let most = 0
    let now = 0
    const port = await http((_request, response) => {
      most = Math.max(most, ++now)
      setTimeout(() => {
        now--
        response.end()
      }, 30)
    })
    const { measure } = await runInProcess(plan(port, { ratePerSecond: 200, durationMs: 500, maxConnections: 3 }))
    expect(most).toBe(3)
    expect(measure.completed).toBe(100)
    expect(measure.generator.connectionWaitP99Ms).toBeGreaterThan(50)
    expect(measure.achievedRatePerSecond).toBeLessThan(150)
  })

  it('keeps a connection for many requests', async () => {
    let connections = 0
    const port = await http(
      (_request, response) => void response.end(),
      () => connections++,
    )
    await runInProcess(plan(port, { durationMs: 200, maxConnections: 1 }))
    expect(connections).toBe(1)
  })

  it('opens a new connection when the server closes after each answer', async () => {
    let connections = 0
    const port = await http(
      (_request, response) => void response.setHeader('connection', 'close').end('x'),
      () => connections++,
    )
    const { measure } = await runInProcess(plan(port, { ratePerSecond: 100, durationMs: 300 }))
    expect(measure).toMatchObject({ completed: 30, errors: 0 })
    expect(connections).toBe(30)
  })

  it('repeats a read when the server closed the idle connection under it', async () => {
    const port = await net(socket => {
      let requests = 0
      socket.on('data', () => {
        if (++requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n')
        else socket.destroy()
      })
    })
    const { measure } = await runInProcess(plan(port, { durationMs: 200, maxConnections: 1 }))
    expect(measure).toMatchObject({ sent: 20, completed: 20, errors: 0 })
  })

  it('counts 5xx as errors and keeps them out of the latency', async () => {
    const port = await http((request, response) => void response.writeHead(request.url === '/bad' ? 503 : 404).end())
    const { measure } = await runInProcess(
      plan(port, { durationMs: 400, routes: [route('GET /bad', ['/bad']), route('GET /none', ['/none'])] }),
    )
    const [bad, none] = measure.routes
    expect(bad).toMatchObject({
      errors: bad!.requests,
      errorsByKind: { 'http-503': bad!.requests },
      statusCounts: { 503: bad!.requests },
    })
    expect(bad!.response.count).toBe(0)
    expect(Object.keys(bad!.responseByStatusClass!)).toEqual(['5xx'])
    expect(none).toMatchObject({ errors: 0 })
    expect(measure.overall.response.count).toBe(none!.requests)
    expect(measure.errors).toBe(bad!.requests)
  })

  it('never counts a request as sent when nobody listens', async () => {
    const port = await http((_request, response) => void response.end())
    const [{ server }] = open.splice(0) as [(typeof open)[0]]
    await new Promise(done => server.close(done))
    const { measure } = await runInProcess(plan(port, { durationMs: 200 }))
    expect(measure).toMatchObject({
      sent: 0,
      completed: 0,
      errors: 20,
      errorsByKind: { 'connect-refused': 20 },
      achievedRatePerSecond: 0,
    })
    expect(measure.routes[0]).toMatchObject({ requests: 20, errors: 20 })
  })

  it.each<[string, string, (socket: Socket) => void]>([
    ['answers garbage', 'parse-error', socket => socket.write('\x16\x03\x01 not http\r\n')],
    [
      'speaks before it is asked to and closes',
      'closed-early',
      socket => socket.end('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'),
    ],
    ['sends half a head and closes', 'closed-early', socket => socket.end('HTTP/1.1 200 OK\r\nConte')],
    ['closes without a word', 'closed-early', socket => socket.end()],
    ['resets', 'reset', socket => socket.resetAndDestroy()],
    ['never answers', 'timeout', () => {}],
    [
      'sends half a body and stops',
      'timeout',
      socket => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc'),
    ],
    [
      'sends headers without end',
      'head-too-large',
      socket => socket.write(`HTTP/1.1 200 OK\r\n${'X: aaaaaaaaaaaaaa\r\n'.repeat(5000)}`),
    ],
    ['upgrades unasked', 'parse-error', socket => socket.write('HTTP/1.1 101 Switching Protocols\r\n\r\n')],
  ])('ends and tells when the server %s', async (_name, kind, behave) => {
    const port = await net(socket => socket.once('data', () => behave(socket)))
    const { measure, stopped } = await runInProcess(
      plan(port, { durationMs: 200, timeoutMs: kind === 'timeout' ? 400 : 5000 }),
    )
    expect(stopped).toBe('finished')
    expect(measure).toMatchObject({ sent: 20, completed: 0, errors: 20, errorsByKind: { [kind]: 20 } })
  })

  it('gives up what finds no connection in time, as unsent', async () => {
    const port = await net(() => {})
    const { measure } = await runInProcess(plan(port, { durationMs: 300, timeoutMs: 100, maxConnections: 1 }))
    expect(measure.sent).toBeLessThanOrEqual(5)
    expect(measure.errorsByKind.timeout).toBe(measure.sent)
    expect(measure.errorsByKind['no-connection']).toBe(30 - measure.sent)
  })

  it('does not mistake stray bytes between answers for an answer', async () => {
    const port = await net(socket => {
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi stray bytes')
      })
    })
    const { measure } = await runInProcess(plan(port, { durationMs: 200 }))
    expect(measure).toMatchObject({ completed: 20, errors: 0 })
    expect(measure.routes[0]).toMatchObject({ maxBodyBytes: 2 })
  })

  it('hands over what it has when it is stopped, within moments', async () => {
    const port = await http((_request, response) => void response.end())
    const stop = new AbortController()
    const running = runInProcess(plan(port, { durationMs: 60_000 }), {
      signal: stop.signal,
      onInterval: ({ completed }) => completed >= 10 && stop.abort(),
    })
    const { measure, stopped } = await running
    expect(stopped).toBe('aborted')
    expect(measure.completed).toBeGreaterThanOrEqual(10)
    expect(measure.durationMs).toBeLessThan(30_000)
    expect(measure.errors).toBe(0)
  })

  it('shows figures while it runs', async () => {
    const port = await http((_request, response) => void response.end())
    const live: { readonly atMs: number; readonly p95Ms: number | undefined }[] = []
    await runInProcess(plan(port, { durationMs: 1500 }), { onInterval: interval => live.push(interval) })
    expect(live.length).toBeGreaterThanOrEqual(2)
    expect(live[0]!.atMs).toBeLessThan(1500)
    expect(live.at(-1)!.p95Ms).toBeGreaterThan(0)
  })

  it('reports a second without any answer as an empty interval', async () => {
    const port = await http((_request, response) => void setTimeout(() => response.end(), 1200))
    const { measure } = await runInProcess(plan(port, { ratePerSecond: 20, durationMs: 2000 }))
    expect(measure.intervals.map(({ atMs, requests }) => [atMs, requests > 0])).toEqual([
      [0, false],
      [1000, true],
    ])
    expect(measure.intervals.reduce((sum, { requests }) => sum + requests, 0)).toBe(40)
  })

  it.each<[string, Partial<LoadPlan>, string]>([
    ['no route', { routes: [] }, 'the load plan has no request to send'],
    ['only weight 0', { routes: [route('GET /', ['/'], 0)] }, 'the load plan has no request to send'],
    ['no rate', { ratePerSecond: 0 }, 'ratePerSecond is 0; it must lie between 0.001 and 200000'],
    ['NaN for a duration', { durationMs: NaN }, 'durationMs is NaN; it must lie between 1 and 86400000'],
  ])('refuses a plan with %s', async (_name, change, message) => {
    await expect(runInProcess(plan(80, change))).rejects.toThrow(message)
  })
})

describe('loadTarget', () => {
  it('reads protocol, host and port, and refuses others by name', () => {
    expect(loadTarget(new URL('http://[::1]:3000/x'))).toEqual({ host: '::1', port: 3000 })
    expect(loadTarget(new URL('http://localhost'))).toEqual({ host: 'localhost', port: 80 })
    expect(loadTarget(new URL('https://localhost'))).toEqual({ host: 'localhost', port: 443, protocol: 'https' })
    expect(() => loadTarget(new URL('ftp://localhost'))).toThrow(
      'the load engine speaks http and https, not ftp (ftp://localhost/)',
    )
  })
})

function plan(port: number, change: Partial<LoadPlan> = {}): LoadPlan {
  return {
    target: { host: '127.0.0.1', port },
    routes: [route('GET /', ['/'])],
    ratePerSecond: 100,
    durationMs: 300,
    warmUpMs: 0,
    arrivals: 'uniform',
    seed: 1,
    maxConnections: 64,
    timeoutMs: 5000,
    ...change,
  }
}

function route(name: string, paths: readonly string[], weight = 1) {
  return { route: name, weight, requests: paths.map(path => ({ method: 'GET', path, headers: {} })) }
}

function read(histogram: SerializedHistogram): Histogram {
  return Histogram.fromJSON(histogram)
}

function http(listener: RequestListener, onConnection: () => void = () => {}): Promise<number> {
  return listen(createHttpServer(listener).on('connection', onConnection))
}

function net(onConnection: (socket: Socket) => void): Promise<number> {
  return listen(createNetServer(socket => onConnection(socket.on('error', () => {}))))
}

async function listen(server: Server): Promise<number> {
  track(server)
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}

function track(server: Server): void {
  const sockets = new Set<Socket>()
  server.on('connection', socket => sockets.add(socket))
  open.push({ server, sockets })
}
