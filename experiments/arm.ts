/** One arm of an experiment as a process: `arm.ts <experiment file> before|after`, with DATABASE_URL and UPSTREAM_PORT. */
import Fastify from 'fastify'
import pg from 'pg'
import type { Experiment } from './define.ts'

const [file, name] = process.argv.slice(2)
if (!file || (name !== 'before' && name !== 'after')) throw new Error('usage: arm.ts <experiment file> before|after')
const { experiment } = (await import(file)) as { experiment: Experiment }
const server = Fastify({ bodyLimit: 64 * 1024 * 1024 })
server.get('/healthz', () => 'ok')
await experiment[name].app(server, {
  connectionString: process.env['DATABASE_URL'] ?? '',
  pg,
  ...(process.env['UPSTREAM_PORT'] ? { upstreamPort: Number(process.env['UPSTREAM_PORT']) } : {}),
})
await server.listen({ host: '127.0.0.1', port: 0 })
