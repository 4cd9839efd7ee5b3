import http from 'node:http'
import type { AddressInfo } from 'node:net'
import zlib from 'node:zlib'
import type { HttpProbe, HttpProbeVariation } from '@whetstone/model'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { probeRoutes, probeVariation, type ProbeRequest } from './http-probe.ts'

const list = JSON.stringify({ results: Array.from({ length: 200 }, (_, id) => ({ id, name: `name of ${id}` })) })
const seen: { method: string; url: string; encoding: string | undefined; bytes: number }[] = []

const server = http.createServer((request, response) => {
  const chunks: Buffer[] = []
  request.on('data', (chunk: Buffer) => chunks.push(chunk))
  request.on('end', () => {
    const encoding = request.headers['accept-encoding'] as string | undefined
    seen.push({ method: request.method!, url: request.url!, encoding, bytes: Buffer.concat(chunks).length })
    const url = new URL(request.url!, 'http://x')
    if (url.pathname === '/list') {
      response.setHeader('content-type', 'application/json; charset=utf-8')
      response.setHeader('etag', '"one"')
      response.setHeader('set-cookie', ['sid=secret; Path=/', 'b=2'])
      if (request.headers['if-none-match'] === '"one"') return response.writeHead(304).end()
      if (url.searchParams.get('limit') === '1') return response.end('[{"id":1}]')
      if (encoding?.includes('br')) {
        response.setHeader('content-encoding', 'br')
        return response.end(zlib.brotliCompressSync(list))
      }
      return response.end(list)
    }
    if (url.pathname === '/style.css') {
      response.setHeader('content-type', 'text/css')
      return response.end(`a { color: ${request.headers.cookie ?? 'red'} }`)
    }
    if (url.pathname === '/huge') {
      response.setHeader('content-type', 'text/plain')
      const chunk = Buffer.alloc(1_000_000, 97)
      const more = (): void => {
        while (!response.destroyed && response.write(chunk)) {
          // Until the buffer is full.
        }
        if (!response.destroyed) response.once('drain', more)
      }
      return more()
    }
    if (url.pathname === '/bomb') {
      response.setHeader('content-encoding', 'gzip')
      return response.end(zlib.gzipSync(Buffer.alloc(25_000_000)))
    }
    if (url.pathname === '/hang') return
    if (url.pathname === '/broken') return response.writeHead(500).end('oops')
    if (url.pathname === '/cut') {
      response.setHeader('content-length', '1000')
      response.write('half')
      return response.destroy()
    }
    return response.end()
  })
})
let baseUrl = ''
beforeAll(async () => {
  await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => {
  server.closeAllConnections()
  server.close()
})

const elsewhere = http.createServer((request, response) => {
  strayed.push(request.url!)
  response.end()
})
const strayed: string[] = []
beforeAll(() => new Promise<void>(resolve => elsewhere.listen(0, '127.0.0.1', resolve)))
afterAll(() => {
  elsewhere.closeAllConnections()
  elsewhere.close()
})

const get = (path: string, headers: Record<string, string> = {}): ProbeRequest => ({
  route: `GET ${path}`,
  method: 'GET',
  path,
  headers,
})
const kinds = (probes: readonly HttpProbe[]): string[] => probes.map(probe => probe.variation.kind)
const of = (probes: readonly HttpProbe[], kind: HttpProbeVariation['kind']): HttpProbe =>
  probes.find(probe => probe.variation.kind === kind)!

describe('probeRoutes', () => {
  test('stays at the service, whatever the path says', async () => {
    const host = `127.0.0.1:${(elsewhere.address() as AddressInfo).port}`
    const requests = [`//${host}/list`, `/\\${host}/list`, `///${host}/list`, `/..//${host}/list`]
    const { probes } = await probeRoutes(
      baseUrl,
      requests.map(path => get(path, { authorization: 'Bearer mine' })),
      { repeatAfterMs: 0 },
    )
    expect(strayed).toEqual([])
    expect(new Set(probes.map(probe => new URL(probe.url).origin))).toEqual(new Set([baseUrl]))
    await expect(probeRoutes(baseUrl, [get(`@${host}/list`)])).rejects.toThrow('does not stay at')
    expect(strayed).toEqual([])
  })

  test('asks plainly, compressed, with the validator, and once more', async () => {
    const { probes } = await probeRoutes(baseUrl, [get('/list')], { repeatAfterMs: 20 })
    expect(kinds(probes)).toEqual(['plain', 'accept-encoding', 'if-none-match', 'repeat'])
    const plain = of(probes, 'plain').answer
    expect(plain).toMatchObject({
      statusCode: 200,
      wireBytes: list.length,
      bodyBytes: list.length,
      json: { kind: 'object', items: 200, itemsKey: 'results', keys: ['id', 'name'] },
    })
    expect(plain.gzipBytes).toBe(zlib.gzipSync(list, { level: 6 }).length)
    const compressed = of(probes, 'accept-encoding').answer
    expect(compressed.wireBytes).toBe(zlib.brotliCompressSync(list).length)
    expect(compressed.bodyBytes).toBe(list.length)
    expect(compressed.bodyHash).toBe(plain.bodyHash)
    expect(of(probes, 'if-none-match').answer).toMatchObject({ statusCode: 304, bodyBytes: 0 })
    const repeat = of(probes, 'repeat')
    expect(repeat.answer.bodyHash).toBe(plain.bodyHash)
    expect(repeat.variation).toMatchObject({ kind: 'repeat' })
    expect((repeat.variation as { afterMs: number }).afterMs).toBeGreaterThanOrEqual(19)
  })

  test('masks the values of cookies and says when the request was authorised', async () => {
    const { probes } = await probeRoutes(baseUrl, [get('/list', { Authorization: 'Bearer x' })], { repeatAfterMs: 0 })
    expect(probes[0]!.answer.headers['set-cookie']).toBe('sid=***; Path=/, b=***')
    expect(probes[0]!.authorised).toBe(true)
  })

  test('asks for a file also as nobody, and for nothing else', async () => {
    const known = { authorization: 'Bearer x', cookie: 'sid=7' }
    const { probes } = await probeRoutes(baseUrl, [get('/style.css', known), get('/list', known)], { repeatAfterMs: 0 })
    expect(kinds(probes)).toEqual([
      ...['plain', 'accept-encoding', 'without-credentials'],
      ...['plain', 'accept-encoding', 'if-none-match', 'repeat', 'repeat'],
    ])
    const nobody = of(probes, 'without-credentials')
    expect(nobody.authorised).toBeUndefined()
    expect(nobody.answer.bodyHash).not.toBe(of(probes, 'plain').answer.bodyHash)
    expect(kinds((await probeRoutes(baseUrl, [get('/style.css')], { repeatAfterMs: 0 })).probes)).toEqual([
      ...['plain', 'accept-encoding', 'repeat'],
    ])
  })

  test('sends no follow-ups where the plain answer failed', async () => {
    const { probes } = await probeRoutes(baseUrl, [get('/broken'), get('/cut')], { repeatAfterMs: 0 })
    expect(kinds(probes)).toEqual(['plain', 'plain'])
    expect(probes[0]!.answer).toMatchObject({ statusCode: 500, message: 'oops' })
    expect(probes[1]!.answer.failed).toMatch(/ECONNRESET|closed|aborted/)
  })

  test('never sends more requests than its bound', async () => {
    seen.length = 0
    const { probes } = await probeRoutes(baseUrl, [get('/list'), get('/list')], { maxRequests: 3, repeatAfterMs: 0 })
    expect(probes).toHaveLength(3)
    expect(seen).toHaveLength(3)
  })

  test('gives up on an answer that never comes and keeps the rest', async () => {
    const { probes } = await probeRoutes(baseUrl, [get('/hang'), get('/list')], { timeoutMs: 150, repeatAfterMs: 0 })
    expect(probes[0]!.answer.failed).toBe('no answer within the time limit')
    expect(probes[1]!.answer.statusCode).toBe(200)
  })

  test('cuts an endless body and a decompression bomb at 20 MB', async () => {
    const { probes } = await probeRoutes(baseUrl, [get('/huge'), get('/bomb')], { repeatAfterMs: 0 })
    expect(probes.map(probe => probe.answer.failed)).toEqual([
      'the body is over 20 MB',
      expect.stringMatching(/could not be decoded/),
    ])
  })

  test('stops at the signal and keeps what it has', async () => {
    seen.length = 0
    const stop = new AbortController()
    const running = probeRoutes(baseUrl, [get('/list'), get('/hang'), get('/list')], { signal: stop.signal })
    while (!seen.some(request => request.url === '/hang')) await new Promise(resolve => setImmediate(resolve))
    stop.abort()
    const { probes } = await running
    expect(probes.at(-1)!.answer.failed).toBe('stopped')
    expect(probes[0]!.answer.statusCode).toBe(200)
  })

  test('reports a refused connection instead of throwing', async () => {
    const { probes } = await probeRoutes('http://127.0.0.1:1', [get('/list')])
    expect(probes[0]!.answer).toMatchObject({ statusCode: 0, failed: 'ECONNREFUSED' })
  })
})

describe('probeVariation', () => {
  test('sets query parameters beside those the path already has', async () => {
    const probe = await probeVariation(baseUrl, get('/list?sort=id'), { kind: 'query', parameters: { limit: '1' } })
    expect(probe!.url).toBe(`${baseUrl}/list?sort=id&limit=1`)
    expect(probe!.answer.json).toEqual({ kind: 'array', items: 1, keys: ['id'] })
  })

  test('refuses to post a large body unless writes were allowed', async () => {
    const variation = { kind: 'body-bytes', bytes: 50_000 } as const
    expect(await probeVariation(baseUrl, get('/any'), variation)).toBeUndefined()
    seen.length = 0
    const probe = await probeVariation(baseUrl, get('/any'), variation, { allowWrites: true })
    expect(probe!.answer.statusCode).toBe(200)
    expect(seen[0]).toMatchObject({ method: 'POST', bytes: 50_000 })
  })

  test('pads the body a request has, by its own method', async () => {
    seen.length = 0
    const request = { ...get('/any'), method: 'PUT', body: '{"text":"lamp ✓"}' }
    await probeVariation(baseUrl, request, { kind: 'body-bytes', bytes: 900 }, { allowWrites: true })
    expect(seen[0]).toMatchObject({ method: 'PUT', bytes: 900 })
  })
})
