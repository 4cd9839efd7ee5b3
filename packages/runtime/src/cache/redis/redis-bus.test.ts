import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { type RedisServer, startRedis } from '@whetstone/sandbox'
import { Redis } from 'ioredis'
import { createClient } from 'redis'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { busContract } from '../testing/bus-contract.ts'
import { until } from '../testing/until.ts'
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

test('who stops listening while it subscribes again leaves nothing behind that nobody catches', async () => {
  const uncaught: unknown[] = []
  const onUncaught = (reason: unknown) => void uncaught.push(reason)
  process.on('unhandledRejection', onUncaught)
  const door = await openMutedDoor(server.port)
  const client = new Redis(door.port, { retryStrategy: () => 10 })
  client.on('error', () => undefined)
  const stop = await redisBus(client, { prefix: `${randomUUID()}:` }).subscribe(
    () => undefined,
    () => undefined,
  )
  await until(() => door.answers() === 1)
  door.mute()
  await until(() => door.answers() === 2)
  await stop()
  client.disconnect()
  await door.close()
  for (let turn = 0; turn < 20; turn++) await new Promise(resolve => setImmediate(resolve))
  process.off('unhandledRejection', onUncaught)
  expect(uncaught).toEqual([])
})

/** A way to Redis on which, once it is muted, everybody has to come anew and nobody hears that they are subscribed. */
async function openMutedDoor(port: number) {
  const sockets = new Set<Socket>()
  let isMuted = false
  let answers = 0
  const door = createServer(near => {
    const far = connect(port, '127.0.0.1')
    near.pipe(far)
    far.on('data', (bytes: Buffer) => {
      const isAnswer = bytes.includes('subscribe')
      if (isAnswer) answers++
      if (!(isMuted && isAnswer)) near.write(bytes)
    })
    for (const socket of [near, far]) {
      sockets.add(socket)
      socket.on('error', () => undefined)
      socket.on('close', () => near.destroy() && far.destroy())
    }
  })
  door.listen(0, '127.0.0.1')
  await once(door, 'listening')
  return {
    port: (door.address() as AddressInfo).port,
    answers: () => answers,
    mute: () => {
      isMuted = true
      for (const socket of sockets) socket.destroy()
    },
    close: async () => {
      door.close()
      for (const socket of sockets) socket.destroy()
      await once(door, 'close')
    },
  }
}

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
