/** Single requests before a load: over TLS, HTTP/2 or plain, as the load itself will be sent. */
import { createServer as createHttp2Server, createSecureServer } from 'node:http2'
import { createServer, type RequestListener, type Server } from 'node:http'
import { createServer as createHttpsServer } from 'node:https'
import type { AddressInfo } from 'node:net'
import type { LoadPlan } from '@whetstone/load'
import { afterEach, describe, expect, it } from 'vitest'
import { localhostCertificate, localhostKey } from '../../../load/src/wire/testing/localhost-certificate.ts'
import { senderFor, targetOf } from './load-wire.ts'

let close: (() => unknown) | undefined
afterEach(() => close?.())

async function listening(server: Server | ReturnType<typeof createHttp2Server>): Promise<number> {
  close = () => new Promise(closed => server.close(closed))
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  return (server.address() as AddressInfo).port
}

const answer = ((request, response) => {
  response.setHeader('set-cookie', ['a=1; Path=/', 'b=2'])
  response.end(`${request.method} ${request.url} ${request.headers['accept-encoding'] ?? 'plain'}`)
}) as RequestListener
const identity = { cert: localhostCertificate, key: localhostKey }
const servers: Record<NonNullable<LoadPlan['target']['protocol']>, () => Parameters<typeof listening>[0]> = {
  http: () => createServer(answer),
  https: () => createHttpsServer(identity, answer),
  h2c: () => createHttp2Server((request, response) => answer(request as never, response as never)),
  h2: () => createSecureServer(identity, (request, response) => answer(request as never, response as never)),
}
const request = { method: 'POST', path: '/a?b=1', headers: { 'accept-encoding': 'gzip' }, body: 'é' }

describe('the requests that are tried before a load', () => {
  it.each(Object.keys(servers) as (keyof typeof servers)[])('are sent over %s like the load', async protocol => {
    const port = await listening(servers[protocol]())
    const send = senderFor({ host: '127.0.0.1', port, protocol, tls: { ca: localhostCertificate } }, 5_000)
    const { status, headers, body, failed } = await send(request)
    expect(failed).toBeUndefined()
    expect(status).toBe(200)
    expect(headers['set-cookie']).toBe('a=1; Path=/\nb=2')
    expect(body).toBe('POST /a?b=1 plain')
  })

  it('say that nobody vouches for a certificate', async () => {
    const port = await listening(servers.https())
    const { failed } = await senderFor({ host: '127.0.0.1', port, protocol: 'https' }, 5_000)(request)
    expect(failed).toBe('tls-untrusted')
  })

  it('say that no answer came in time', async () => {
    const port = await listening(createServer(() => undefined))
    expect((await senderFor({ host: '127.0.0.1', port }, 50)(request)).failed).toBe('timeout')
  })
})

describe('a target over the wire of the flags', () => {
  const wire = { connections: 64, timeout: 1_000 }

  it.each([
    ['http://127.0.0.1:1', { insecure: true }, '--insecure is for TLS, and the address begins with http:'],
    ['https://127.0.0.1:1', { cert: 'own.pem' }, '--cert and --key belong together, and one of them is missing'],
  ])('refuses %s with %j, which would do nothing', async (url, flags, message) => {
    await expect(targetOf(new URL(url), { ...wire, ...flags })).rejects.toMatchObject({ code: 'WHET_FLAG', message })
  })
})
