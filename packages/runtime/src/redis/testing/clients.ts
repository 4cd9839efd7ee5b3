/** Test support: a Redis of the test's own, and the two clients of it that people have. */
import { available, type RedisServer, startRedis } from '@whetstone/sandbox'
import { Redis } from 'ioredis'
import { createClient } from 'redis'

export interface Clients {
  readonly ioredis: Redis
  readonly nodeRedis: ReturnType<typeof createClient>
  stop(): Promise<void>
}

export const clientNames = ['ioredis', 'nodeRedis'] as const

export async function startClients(): Promise<Clients> {
  const server: RedisServer = available(await startRedis())
  const ioredis = new Redis(server.url)
  const nodeRedis: Clients['nodeRedis'] = createClient({ url: server.url })
  await nodeRedis.connect()
  return {
    ioredis,
    nodeRedis,
    async stop() {
      ioredis.disconnect()
      nodeRedis.destroy()
      await server.stop()
    },
  }
}
