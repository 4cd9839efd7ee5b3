/** Scenarios through the whole engine against real servers: requests, WebSockets and server-sent events, as a file says. */
import { createServer } from 'node:http'
import type { IncomingMessage, Server, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { WebSocketServer } from 'ws'
import type { LoadPlan } from '../plan.ts'
import { runInProcess } from '../run-in-process.ts'

let server: Server | undefined
let folder: string | undefined

afterEach(async () => {
  const closing = server
  if (closing) {
    await new Promise<void>(done => {
      closing.close(() => done())
      closing.closeAllConnections()
    })
  }
  if (folder) await rm(folder, { recursive: true })
  server = folder = undefined
})

describe('a scenario file in the engine', () => {
  it('sends what the file says, counts its checks, and cleans up once', async () => {
    const seen: string[] = []
    const port = await listen((request, response) => {
      seen.push(`${request.method} ${request.url}`)
      const stale = request.url === '/orders' && request.headers.authorization !== 'Bearer fresh'
      if (stale) response.statusCode = 401
      const body = request.url?.startsWith('/login')
        ? { token: seen.filter(line => line.includes('/login')).length === 1 ? 'old' : 'fresh' }
        : [{ id: `i${seen.length}`, stale }]
      response.setHeader('set-cookie', 'sid=1; Path=/')
      response.end(JSON.stringify(body))
    })
    const file =
      await scenarioFile(`import { call, contains, csv, flow, get, jsonPath, post, range, scenario, think } from '@whetstone/load'
      export default scenario({
        name: 'shop',
        data: { item: csv('items.csv', { order: 'once' }) },
        setup: async http => ({ started: (await http.get('/setup')).status }),
        auth: { token: async ({ http }) => (await http.post('/login')).json().token },
        flows: [
          flow('browse', { weight: 3 }, [
            get('/items?page={page}', {
              auth: false,
              with: { page: range(1, 5) },
              expect: { status: 200, body: contains('"id"') },
              extract: { first: jsonPath('$[0].id') },
            }),
            think('5ms'),
            get('/items/{first}/{item.id}/{shared.started}', { auth: false }),
          ]),
          flow('order', [post('/orders', { json: { item: '{item.id}' }, expect: { status: 200 } })]),
        ],
        teardown: async (_shared, http) => http.delete('/teardown'),
      })`)
    // Forty users in the first 0.4 s; the rest of the time is for them to finish on a busy machine.
    await writeFile(join(folder!, 'items.csv'), `id\n${Array.from({ length: 40 }, (_, n) => `v${n}\n`).join('')}`)
    const result = await runInProcess({ ...plan(port, file), ratePerSecond: 100, durationMs: 3_000 })
    const { measure } = result
    expect(result.stopped).toBe('finished')
    expect(measure.errorsByKind).toEqual({})
    expect(measure.requestsPerUser).toBe(2)
    const [items, item, orders] = ['GET /items', 'GET /items/:first/:id/:started', 'POST /orders'].map(name =>
      measure.routes.find(({ route }) => route === name)!,
    )
    expect(items!.requests).toBeGreaterThan(15)
    expect(item!.requests).toBe(items!.requests)
    expect(items!.requests + orders!.statusCounts[200]!).toBe(40)
    // The first orders are refused and sent again, with the token that one of them fetched for all.
    expect(orders!.statusCounts[401]).toBeGreaterThanOrEqual(1)
    expect(seen.filter(line => line === 'POST /login')).toHaveLength(2)
    const checks = Object.fromEntries(
      (measure.checks ?? []).map(({ name, route, passes, fails }) => [`${route}: ${name}`, [passes, fails]]),
    )
    expect(checks).toEqual({
      'GET /items: status 200': [items!.requests, 0],
      'GET /items: body contains "id"': [items!.requests, 0],
      'GET /items: finds {first}': [items!.requests, 0],
      'POST /orders: status 200': [orders!.statusCounts[200], 0],
    })
    expect(seen[0]).toBe('GET /setup')
    expect(seen.at(-1)).toBe('DELETE /teardown')
    expect(seen.filter(line => /^GET \/items\/i\d+\/v\d+\/200$/.test(line))).toHaveLength(item!.requests)
  })

  it('ends when data that is used once is used up, and says so', async () => {
    const seen: string[] = []
    const port = await listen((request, response) => {
      seen.push(request.url!)
      response.end()
    })
    const file = await scenarioFile(`import { flow, get, list, scenario } from '@whetstone/load'
      export default scenario({
        name: 'vouchers',
        data: { voucher: list(['a', 'b', 'c', 'd', 'e'], { order: 'once' }) },
        flows: [flow('redeem', [get('/{voucher}')])],
      })`)
    const { measure } = await runInProcess({ ...plan(port, file), ratePerSecond: 100, durationMs: 300 })
    expect(seen.toSorted()).toEqual(['/a', '/b', '/c', '/d', '/e'])
    expect(measure.sent).toBe(5)
  })

  it('holds conversations over WebSockets and listens to events', async () => {
    const port = await listen((request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(`event: hello\ndata: ${request.headers.accept} ${request.url}\n\n`)
      for (let n = 0; n < 3; n++) response.write(`event: price\ndata: {"n":${n}}\n\n`)
    })
    const heard: string[] = []
    new WebSocketServer({ server: server! }).on('connection', (socket, request) => {
      heard.push(`${request.url} ${String(request.headers['x-user'])}`)
      socket.on('message', (data: Buffer) => {
        const message = JSON.parse(data.toString()) as { id: string; n: number }
        heard.push(`${message.id} ${message.n}`)
        socket.send('noise')
        socket.send(JSON.stringify({ ack: message.id }))
      })
    })
    const file =
      await scenarioFile(`import { contains, events, flow, hear, json, list, pace, say, scenario, think, websocket } from '@whetstone/load'
      export default scenario({
        name: 'live',
        headers: { accept: 'application/json' },
        data: { item: list(Array(5).fill({ id: 'é1', n: 7 }), { order: 'once' }) },
        flows: [
          flow('talk', [
            websocket('/live/{item.id}', { headers: { 'x-user': 'u{item.n}' }, repeat: 2 }, [
              say({ id: '{item.id}', n: '{item.n}' }, { answer: json('$.ack', 'é1') }),
              pace('5ms'),
              say('{"id":"{item.id}","n":2}', { answer: hear(contains('ack'), { name: 'second answer', within: '2s' }) }),
              think('1ms'),
            ]),
            events('/prices', [hear(contains('text/event-stream')), hear({ event: 'price', count: 3, within: '2s' })]),
          ]),
        ],
      })`)
    const { measure } = await runInProcess({ ...plan(port, file), ratePerSecond: 20, durationMs: 3_000 })
    expect(measure.errorsByKind).toEqual({})
    const routes = Object.fromEntries(measure.routes.map(({ route, statusCounts }) => [route, statusCounts]))
    expect(routes).toEqual({ 'WS /live/:id': { 101: 5, 200: 20 }, 'SSE /prices': { 200: 10 } })
    expect(measure.checks?.map(({ name, passes, fails }) => [name, passes, fails])).toEqual([
      ['hears $.ack is "é1"', 10, 0],
      ['second answer', 10, 0],
      ['hears contains text/event-stream', 5, 0],
      ['hears price, 3 times', 5, 0],
    ])
    expect(new Set(heard)).toEqual(new Set(['/live/%C3%A91 u7', 'é1 7', 'é1 2']))
  })

  it('hears what a conversation still waits for at the end, and counts what never comes', async () => {
    const port = await listen((_request, response) => response.end())
    let users = 0
    const asked: string[] = []
    let answer = () => {}
    new WebSocketServer({ server: server! }).on('connection', socket => {
      const user = ++users
      socket.on('message', (data: Buffer) => {
        asked.push(data.toString())
        // The second user, who comes 100 ms after the first, is never answered; the first when the time is over.
        if (user === 1) answer = () => socket.send('late')
        else setTimeout(answer, 400)
      })
    })
    const file = await scenarioFile(`import { flow, hear, list, say, scenario, websocket } from '@whetstone/load'
      export default scenario({
        name: 'endless',
        data: { item: list(['a', 'b'], { order: 'once' }) },
        flows: [flow('talk', [websocket('/', { repeat: 1000 }, [say('{item}', { answer: hear({ within: '60s' }) })])])],
      })`)
    const { measure, stopped } = await runInProcess({
      ...plan(port, file),
      ratePerSecond: 10,
      durationMs: 400,
      timeoutMs: 2_500,
    })
    expect(stopped).toBe('finished')
    expect(asked.toSorted()).toEqual(['a', 'b'])
    expect(measure.routes.map(({ statusCounts }) => statusCounts)).toEqual([{ 101: 2, 200: 1 }])
    expect(measure.errorsByKind).toEqual({ timeout: 1 })
  })
})

async function listen(answer: (request: IncomingMessage, response: ServerResponse) => void): Promise<number> {
  const started = createServer(answer)
  server = started
  await new Promise<void>(done => started.listen(0, '127.0.0.1', done))
  return (started.address() as AddressInfo).port
}

async function scenarioFile(text: string): Promise<string> {
  folder = await mkdtemp(join(tmpdir(), 'scenario-run-'))
  const file = join(folder, 'test.load.ts')
  await writeFile(file, text)
  return file
}

function plan(port: number, file: string): LoadPlan {
  return {
    target: { host: '127.0.0.1', port },
    routes: [],
    scenario: { file },
    ratePerSecond: 50,
    durationMs: 500,
    warmUpMs: 0,
    arrivals: 'uniform',
    seed: 3,
    maxConnections: 50,
    timeoutMs: 5_000,
    pacing: 'timer',
  }
}
