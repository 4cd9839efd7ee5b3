import { createServer, type Server } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { EvidenceRequest, Workload } from '@whetstone/model'
import { afterAll, beforeAll, beforeEach, describe, expect, test } from 'vitest'
import { gather } from './gather.ts'

let server: Server
let baseUrl: string
const seen: string[] = []

beforeAll(async () => {
  server = createServer((request, response) => {
    let bytes = 0
    request.on('data', (chunk: Buffer) => (bytes += chunk.length))
    request.on('end', () => {
      seen.push(`${request.method} ${request.url} ${bytes}`)
      response.end('{}')
    })
  })
  await new Promise<void>(listening => server.listen(0, '127.0.0.1', listening))
  baseUrl = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterAll(() => server.close())
beforeEach(() => void (seen.length = 0))

const workload: Workload = {
  routes: [
    { route: 'GET /notes', weight: 1, requests: [{ method: 'GET', path: '/notes', headers: {} }] },
    { route: 'POST /notes', weight: 1, requests: [{ method: 'POST', path: '/notes', headers: {}, body: '{"a":1}' }] },
  ],
  skipped: [],
}
const asked = async (...requests: readonly EvidenceRequest[]) => {
  const evidence = await gather({}, requests, { baseUrl, workload, signal: new AbortController().signal })
  return evidence['http-probe']?.probes.map(({ route, variation }) => [route, variation.kind])
}
const large = { kind: 'body-bytes', bytes: 400 } as const

describe('what practices ask of the service', () => {
  test('a large body goes to a route that the user has allowed to write', async () => {
    expect(await asked({ kind: 'http-probe', route: 'POST /notes', variation: large })).toEqual([
      ['POST /notes', 'body-bytes'],
    ])
    expect(seen).toEqual(['POST /notes 400'])
  })

  test('to no other, and such a route is asked nothing else', async () => {
    await asked(
      { kind: 'http-probe', route: 'GET /notes', variation: large },
      { kind: 'http-probe', route: 'PUT /notes', variation: large },
      { kind: 'http-probe', route: 'POST /notes', variation: { kind: 'query', parameters: { limit: '1' } } },
    )
    expect(seen).toEqual([])
  })

  test('a read is asked with other parameters', async () => {
    const variation = { kind: 'query', parameters: { limit: '1' } } as const
    expect(await asked({ kind: 'http-probe', route: 'GET /notes', variation })).toEqual([['GET /notes', 'query']])
  })
})
