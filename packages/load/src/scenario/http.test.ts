/** What setup, teardown and calls may ask of the service, over whichever protocol it speaks. */
import { createServer as createHttp2Server } from 'node:http2'
import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import type { LoadTarget } from '../plan.ts'
import { httpClient } from './http.ts'
import { answerJson, startShop } from './testing/shop.ts'
import type { Shop } from './testing/shop.ts'

let shop: Shop | undefined
let close: (() => unknown) | undefined

afterEach(async () => {
  await shop?.close()
  await close?.()
  shop = close = undefined
})

const client = (target: LoadTarget, headers: Record<string, string> = {}) =>
  httpClient({ target, headers, now: () => Date.now() })

describe('httpClient', () => {
  it('sends methods, bodies and headers, and reads what comes back', async () => {
    shop = await startShop((_seen, response) => answerJson(response, { é: [1] }, { 'X-Two': ['a', 'b'] }))
    const http = client(shop.target, { 'X-Own': '1', 'Content-Type': 'text/plain' })
    const answer = await http.put('/a?b=1', { json: { ü: 1 }, headers: { 'x-own': '2' } })
    expect([answer.status, answer.json(), answer.headers['x-two']]).toEqual([200, { é: [1] }, 'a, b'])
    await http.get('/b')
    await http.patch('/c', { body: 'text' })
    expect(shop.seen.map(({ method, url, body }) => [method, url, body])).toEqual([
      ['PUT', '/a?b=1', '{"ü":1}'],
      ['GET', '/b', ''],
      ['PATCH', '/c', 'text'],
    ])
    expect(shop.seen[0]!.headers).toMatchObject({ 'x-own': '2', 'content-type': 'application/json' })
    expect(shop.seen[2]!.headers).toMatchObject({ 'x-own': '1', 'content-type': 'text/plain' })
  })

  it('refuses a status from 400 unless it was allowed', async () => {
    shop = await startShop((_seen, response) => {
      response.statusCode = 404
      response.end('gone')
    })
    const http = client(shop.target)
    await expect(http.get('/x')).rejects.toMatchObject({
      code: 'WHET_SCENARIO_HTTP',
      message: 'GET /x was answered 404: gone',
    })
    expect((await http.get('/x', { allow: [404] })).text).toBe('gone')
  })

  it('says when nothing answers, and when nothing comes', async () => {
    const silent = createServer(socket => void socket.resume())
    await new Promise<void>(done => silent.listen(0, '127.0.0.1', done))
    const { port } = silent.address() as AddressInfo
    const http = client({ host: '127.0.0.1', port })
    await expect(http.get('/x', { timeoutMs: 50 })).rejects.toThrow(/^GET \/x was not answered: (connect-)?timeout$/)
    await new Promise(done => silent.close(done))
    await expect(http.get('/x')).rejects.toMatchObject({ message: 'GET /x was not answered: connect-refused' })
  })

  it('speaks HTTP/2 where the measured requests do', async () => {
    const server = createHttp2Server((request, response) => response.end(`${request.method} ${request.url}`))
    await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
    close = () => new Promise(done => server.close(done))
    const { port } = server.address() as AddressInfo
    const answer = await client({ host: '127.0.0.1', port, protocol: 'h2c' }).post('/two', { body: 'x' })
    expect(answer.text).toBe('POST /two')
  })
})
