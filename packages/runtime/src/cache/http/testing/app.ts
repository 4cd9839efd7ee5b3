/** One small service in every framework, so that what holds for HTTP caching is told once and tried in each. */
import { createRequire } from 'node:module'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import { createServer as createHttp2Server } from 'node:http2'
import type { AddressInfo, Server, Socket } from 'node:net'
import { once } from 'node:events'
import { Readable } from 'node:stream'
import { getRequestListener } from '@hono/node-server'
import Fastify, { type FastifyInstance } from 'fastify'
import Fastify4 from 'fastify4'
import { Hono } from 'hono'
import { httpCache as forExpress } from '../express.ts'
import { httpCache as forFastify } from '../fastify.ts'
import { httpCache as forHono } from '../hono.ts'
import type { HttpCacheOptions } from '../options.ts'

/** What a handler saw, and what it wants to answer. */
export interface Seen {
  readonly method: string
  readonly url: string
  readonly headers: Readonly<Record<string, string | undefined>>
}

export interface Reply {
  readonly status?: number
  readonly headers?: Readonly<Record<string, string>>
  /** Pieces are streamed, as they come. */
  readonly body: string | Uint8Array | AsyncIterable<Uint8Array>
}

export type Handler = (seen: Seen) => Reply | Promise<Reply>

export const frameworks = [
  'fastify',
  'fastify 4',
  'fastify over HTTP/2',
  'express 5',
  'express 4',
  'hono',
  'hono over HTTP/2',
] as const
export type Framework = (typeof frameworks)[number]

export interface App {
  readonly url: string
  close(): Promise<void>
}

/** Every path answers by the handler. */
export async function startApp(framework: Framework, options: HttpCacheOptions, handler: Handler): Promise<App> {
  const server = await serverOf(framework, options, handler)
  const connections = connectionsOf(server)
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `${framework.endsWith('HTTP/2') ? 'h2c' : 'http'}://127.0.0.1:${(server.address() as AddressInfo).port}`,
    async close() {
      server.close()
      for (const connection of connections) connection.destroy()
      if (server.listening) await once(server, 'close')
    },
  }
}

async function serverOf(framework: Framework, options: HttpCacheOptions, handler: Handler): Promise<Server> {
  switch (framework) {
    case 'fastify':
      return await fastifyServer(Fastify(), options, handler)
    case 'fastify 4':
      return await fastifyServer(Fastify4() as unknown as FastifyInstance, options, handler)
    case 'fastify over HTTP/2':
      return await fastifyServer(Fastify({ http2: true }) as unknown as FastifyInstance, options, handler)
    case 'express 5':
      return expressServer('express', options, handler)
    case 'express 4':
      return expressServer('express4', options, handler)
    case 'hono': {
      const listener = honoListener(options, handler)
      return createServer((request, response) => void listener(request, response))
    }
    case 'hono over HTTP/2': {
      const listener = honoListener(options, handler)
      return createHttp2Server((request, response) => void listener(request, response))
    }
  }
}

/** To end them all with the server, whatever it speaks. */
function connectionsOf(server: Server): ReadonlySet<{ destroy(): void }> {
  const open = new Set<Socket>()
  server.on('connection', (socket: Socket) => {
    open.add(socket)
    socket.once('close', () => open.delete(socket))
  })
  return open
}

async function fastifyServer(app: FastifyInstance, options: HttpCacheOptions, handler: Handler): Promise<Server> {
  await app.register(forFastify, options)
  app.all('/*', async (request, reply) => {
    const { status = 200, headers = {}, body } = await handler(seenOf(request.raw))
    void reply.code(status).headers(headers)
    return reply.send(isPieces(body) ? Readable.from(body) : body)
  })
  await app.ready()
  return app.server
}

interface ExpressResponse extends ServerResponse {
  status(status: number): ExpressResponse
  set(headers: Readonly<Record<string, string>>): ExpressResponse
  send(body: string | Uint8Array): void
}
type ExpressApp = ((request: IncomingMessage, response: ServerResponse) => void) & {
  use(layer: (request: IncomingMessage, response: ExpressResponse, next: (error?: unknown) => void) => void): void
}

function expressServer(name: 'express' | 'express4', options: HttpCacheOptions, handler: Handler): Server {
  const app = (createRequire(import.meta.url)(name) as () => ExpressApp)()
  app.use(forExpress(options))
  app.use((request, response, next) => {
    Promise.resolve(handler(seenOf(request))).then(({ status = 200, headers = {}, body }) => {
      response.status(status).set(headers)
      if (!isPieces(body)) response.send(typeof body === 'string' ? body : Buffer.from(body))
      else
        Readable.from(body)
          .on('error', () => response.destroy())
          .pipe(response)
    }, next)
  })
  return createServer(app)
}

function honoListener(options: HttpCacheOptions, handler: Handler) {
  const app = new Hono()
  app.use(forHono({ ...options, refresh: request => app.fetch(request) }))
  app.all('*', async context => {
    const { pathname, search } = new URL(context.req.url)
    const seen = { method: context.req.method, url: pathname + search, headers: context.req.header() }
    const { status = 200, headers = {}, body } = await handler(seen)
    const sent = isPieces(body) ? Readable.toWeb(Readable.from(body)) : Buffer.from(body as string)
    return new Response(status === 204 || status === 304 ? null : (sent as BodyInit), { status, headers })
  })
  return getRequestListener(app.fetch)
}

function seenOf({ method = '', url = '', headers }: IncomingMessage): Seen {
  return { method, url, headers: headers as Seen['headers'] }
}

function isPieces(body: Reply['body']): body is AsyncIterable<Uint8Array> {
  return typeof body === 'object' && Symbol.asyncIterator in body
}
