import { randomUUID } from 'node:crypto'
import { type RedisServer, startRedis } from '@whetstone/sandbox'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe } from 'vitest'
import { busContract } from '../testing/bus-contract.ts'
import { openWire } from '../testing/wire.ts'
import type { RedisClient } from './link.ts'
import { redisBus } from './redis-bus.ts'

let server: RedisServer
let admin: Redis
let prefix = ''

beforeAll(async () => {
  const started = await startRedis()
  if (started.kind === 'not-available') throw new Error(started.reason)
  server = started
  admin = new Redis(server.url)
}, 400_000)

afterAll(async () => {
  admin?.disconnect()
  await server?.stop()
})

type Connected = { readonly client: RedisClient; close(): void }

async function stand(connect: (port: number) => Promise<Connected>) {
  prefix = `${randomUUID()}:`
  const wire = await openWire(server.port)
  const [near, far] = [await connect(server.port), await connect(wire.port)]
  return {
    near: redisBus(near.client, { prefix, checkEveryMs: 50 }),
    far: redisBus(far.client, { prefix, checkEveryMs: 50 }),
    cut: () => wire.cut(),
    mend: () => wire.mend(),
    async close() {
      near.close()
      far.close()
      await wire.close()
    },
  }
}

const forget = async () => void (await admin.del(`${prefix}bus`))

describe('a bus over Redis by ioredis', () => {
  busContract(
    () =>
      stand(async port => {
        const client = new Redis(port, { retryStrategy: () => 10 })
        client.on('error', () => undefined)
        return { client, close: () => client.disconnect() }
      }),
    forget,
  )
})

describe('a bus over Redis by node-redis', () => {
  busContract(
    () =>
      stand(async port => {
        const client = createClient({ socket: { port, host: '127.0.0.1', reconnectStrategy: () => 10 } })
        client.on('error', () => undefined)
        await client.connect()
        return { client: client as unknown as RedisClient, close: () => client.destroy() }
      }),
    forget,
  )
})
