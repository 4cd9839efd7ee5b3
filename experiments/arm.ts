/** One arm of an experiment as a process: `arm.ts <experiment file> before|after`, with DATABASE_URL, REPLICA_URLS, SHARD_URLS, REDIS_URL and UPSTREAM_PORT. */
import cluster from 'node:cluster'
import Fastify from 'fastify'
import pg from 'pg'
import type { Arms } from './define.ts'

const [file, name] = process.argv.slice(2)
if (!file || (name !== 'before' && name !== 'after')) throw new Error('usage: arm.ts <experiment file> before|after')
const { experiment } = (await import(file)) as { experiment: Arms }
const arm = experiment[name]
const workers = Number(process.env['ARM_WORKERS'] ?? arm.workers ?? 1)
if (workers > 1 && cluster.isPrimary) for (let worker = 0; worker < workers; worker++) cluster.fork()
else await serve()

async function serve(): Promise<void> {
  const server = Fastify({ bodyLimit: 64 * 1024 * 1024 })
  server.get('/healthz', () => 'ok')
  const drain = () => void server.close().then(() => process.exit(0))
  process.once('SIGTERM', () => (arm.terminate ? arm.terminate(server) : drain()))
  await arm.app(server, {
    connectionString: process.env['DATABASE_URL'] ?? '',
    pg,
    replicaConnectionStrings: listed('REPLICA_URLS'),
    shardConnectionStrings: listed('SHARD_URLS'),
    ...(process.env['REDIS_URL'] ? { redisUrl: process.env['REDIS_URL'] } : {}),
    ...(process.env['UPSTREAM_PORT'] ? { upstreamPort: Number(process.env['UPSTREAM_PORT']) } : {}),
  })
  await server.listen({ host: '127.0.0.1', port: 0 })
}

function listed(name: string): readonly string[] {
  return (process.env[name] ?? '').split(' ').filter(Boolean)
}
