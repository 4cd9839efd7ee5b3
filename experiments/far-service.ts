/** A service that is far from its readers, and nginx beside the readers as the cache of a CDN: what stands between the two arms of an experiment. */
import { chmodSync, mkdtempSync, rmSync } from 'node:fs'
import { Agent, request, type RequestOptions } from 'node:http'
import { connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream'
import { available, startNginx } from '@whetstone/sandbox'
import type { FastifyInstance } from 'fastify'
import type { ExperimentArm } from './define.ts'

const oneWayMs = 40

/** A long way to the service: what goes in comes out that much later, on both directions. The connections to it are kept. */
function longWay(toPort: number): string {
  const folder = mkdtempSync(join(tmpdir(), 'whetstone-way-'))
  process.once('exit', () => rmSync(folder, { recursive: true, force: true }))
  // nginx runs as another user.
  chmodSync(folder, 0o755)
  const path = join(folder, 'way.sock')
  const later = (from: Socket, to: Socket) => {
    from.on('data', piece => setTimeout(() => to.writable && to.write(piece), oneWayMs))
    from.on('end', () => setTimeout(() => to.end(), oneWayMs))
    from.on('error', () => to.destroy())
  }
  createServer(near => {
    const far = connect(toPort, '127.0.0.1')
    later(near, far)
    later(far, near)
  }).listen(path, () => chmodSync(path, 0o777))
  return path
}

/** Where the reader stands: passes everything on, and costs both arms the same. */
export const reader =
  (open: (way: string) => Promise<string> | string): ExperimentArm['app'] =>
  async (server, { upstreamPort = 0 }) => {
    const socketPath = await open(longWay(upstreamPort))
    // Past the cache: what the service itself has counted.
    server.get('/loads', async () => (await fetch(`http://127.0.0.1:${upstreamPort}/loads`)).text())
    const agent = new Agent({ keepAlive: true, maxSockets: 50 })
    server.get('/assets/:file', (asked, reply) => {
      const headers: RequestOptions['headers'] = { host: 'service' }
      const { 'if-none-match': held } = asked.headers
      if (held !== undefined) headers['if-none-match'] = held
      reply.hijack()
      const passed = request({ socketPath, path: asked.url, agent, headers }, answer => {
        reply.raw.writeHead(answer.statusCode ?? 502, answer.headers)
        pipeline(answer, reply.raw, () => {})
      })
      passed.on('error', () => reply.raw.writeHead(502).end())
      passed.end()
    })
  }

export async function nginxBefore(way: string): Promise<string> {
  const nginx = available(
    await startNginx({
      http: (_, folder) => `
      proxy_cache_path ${folder}/kept keys_zone=kept:1m;
      upstream service { server unix:${way}; keepalive 20; }
      server {
        listen unix:${folder}/edge.sock;
        location / {
          proxy_pass http://service;
          proxy_http_version 1.1;
          proxy_set_header Connection "";
          proxy_cache kept;
          proxy_cache_lock on;
          add_header X-Cache $upstream_cache_status;
        }
      }`,
    }),
  )
  return `${nginx.folder}/edge.sock`
}

/** Thirty files of 19 kB that may be kept for an hour, and how often they were asked for. */
export function farService(server: FastifyInstance): void {
  const body = 'export const value = "a line of a program that everybody loads"\n'.repeat(300)
  let loads = 0
  server.get<{ Params: { file: string } }>('/assets/:file', (asked, reply) => {
    loads++
    return reply
      .header('cache-control', 'public, max-age=3600')
      .type('text/javascript')
      .send(`// ${asked.params.file}\n${body}`)
  })
  server.get('/loads', () => String(loads))
}

export const farFiles: readonly string[] = Array.from({ length: 30 }, (_, index) => `/assets/part-${index + 1}.js`)
