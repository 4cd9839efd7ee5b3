import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { createRequire } from 'node:module'
import type { AddressInfo } from 'node:net'
import fastifyCookie from '@fastify/cookie'
import fastifySession from '@fastify/session'
import Fastify from 'fastify'
import { Redis } from 'ioredis'
import { afterAll, beforeAll, expect, test, vi } from 'vitest'
import { expressSessionStore, sessionStore } from './session-store.ts'
import { Sessions } from './sessions.ts'
import { type Clients, startClients } from './testing/clients.ts'

let clients: Clients
beforeAll(async () => void (clients = await startClients()), 400_000)
afterAll(async () => await clients?.stop())

const secret = 'a secret of at least 32 characters'

const listening = async (http: Server): Promise<string> => {
  http.listen(0, '127.0.0.1')
  await once(http, 'listening')
  return `http://127.0.0.1:${(http.address() as AddressInfo).port}`
}

/** A browser with one cookie: counts its visits, then logs out. */
async function visits(url: string): Promise<readonly string[]> {
  let cookie = ''
  const bodies: string[] = []
  for (const path of ['/', '/', '/', '/logout', '/']) {
    const response = await fetch(url + path, { headers: cookie ? { cookie } : {} })
    cookie = response.headers.get('set-cookie')?.split(';')[0] ?? cookie
    bodies.push(await response.text())
  }
  return bodies
}

const counted = ['visit 1', 'visit 2', 'visit 3', 'bye', 'visit 1']

test('express-session keeps its sessions by it', async () => {
  interface Visited extends IncomingMessage {
    session: { visits?: number; destroy(done: () => void): void }
  }
  const load = createRequire(import.meta.url)
  const express = load('express') as () => { use(...layers: unknown[]): void } & ((
    a: IncomingMessage,
    b: ServerResponse,
  ) => void)
  const session = load('express-session') as ((options: object) => unknown) & { Store: new () => object }
  const store = expressSessionStore(
    session.Store,
    new Sessions(clients.ioredis, { secrets: [secret], prefix: `${randomUUID()}:` }),
  )
  const app = express()
  app.use(session({ secret, resave: false, saveUninitialized: false, store, cookie: { maxAge: 60_000 } }))
  app.use((request: Visited, response: ServerResponse) => {
    if (request.url === '/logout') return request.session.destroy(() => response.end('bye'))
    request.session.visits = (request.session.visits ?? 0) + 1
    response.end(`visit ${request.session.visits}`)
  })
  const http = createServer(app)
  try {
    expect(await visits(await listening(http))).toEqual(counted)
  } finally {
    http.closeAllConnections()
    http.close()
  }
})

test('@fastify/session keeps its sessions by it', async () => {
  const app = Fastify()
  await app.register(fastifyCookie)
  const store = sessionStore(new Sessions(clients.nodeRedis, { secrets: [secret], prefix: `${randomUUID()}:` }))
  await app.register(fastifySession, { secret, store, cookie: { secure: false, maxAge: 60_000 } })
  app.get('/', async request => {
    const session = request.session as unknown as { visits?: number }
    session.visits = (session.visits ?? 0) + 1
    return `visit ${session.visits}`
  })
  app.get('/logout', async request => {
    await request.session.destroy()
    return 'bye'
  })
  try {
    expect(await visits(await app.listen({ host: '127.0.0.1', port: 0 }))).toEqual(counted)
  } finally {
    await app.close()
  }
})

test('a store that cannot be asked is an error of the request, not of the process', async () => {
  const broken = new Redis(1, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null })
  broken.on('error', () => {})
  const store = sessionStore(new Sessions(broken, { secrets: [secret] }))
  const done = vi.fn()
  store.get('some id', done)
  await vi.waitUntil(() => done.mock.calls.length > 0)
  expect(done.mock.calls[0]![0]).toBeInstanceOf(Error)
})
