import http from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { knowsPath, waitUntilAnswering } from './readiness.ts'

describe('readiness', () => {
  let server: http.Server
  let baseUrl: string
  const asked: string[] = []
  const { signal } = new AbortController()
  beforeAll(async () => {
    server = http.createServer((request, response) => {
      asked.push(request.url ?? '')
      response.writeHead(request.url === '/gone' ? 404 : request.url === '/closed' ? 503 : 200).end()
    })
    await new Promise<void>(resolve => void server.listen(0, '127.0.0.1', resolve))
    baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  })
  afterAll(() => void server.close())

  it.each([
    ['/orders', true],
    ['/closed', true],
    ['/gone', false],
  ])('%s is known: %s', async (path, known) => {
    expect(await knowsPath(baseUrl, path, signal)).toBe(known)
  })

  it('no path is known where nobody answers', async () => {
    expect(await knowsPath('http://127.0.0.1:1', '/', signal)).toBe(false)
  })

  it.each(['//192.0.2.1/health', 'health', '/health?deep=1'])('asks the service alone for %s', async path => {
    asked.length = 0
    await waitUntilAnswering(baseUrl, { path, signal, ended: () => undefined, timeoutMs: 2_000 })
    expect(asked).toEqual([path === 'health' ? '/health' : path])
  })
})
